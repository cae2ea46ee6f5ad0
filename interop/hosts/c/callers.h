/* Threads of the host that use the plugin. */
#ifndef CALLERS_H
#define CALLERS_H

#include <pthread.h>
#include <stdint.h>

#include "loaded.h"

/* How many requests have been answered rightly. */
uint64_t answered(void);

/* Uses the plugin in all ways, on the calling thread. */
void use_plugin(const struct loaded *plugin);

/* Uses the plugin on threads that come and go, some with small stacks. */
void use_plugin_on_threads(const struct loaded *plugin);

/* Runs a function on a thread of its own, and waits for its end. */
void on_thread(void *(*run)(void *), const struct loaded *plugin);

pthread_t start_thread(size_t stack, void *(*run)(void *), void *argument);

#endif
