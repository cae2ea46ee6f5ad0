/* The plugin as this host has loaded it. */
#ifndef LOADED_H
#define LOADED_H

#include "plugin.h"

struct loaded {
    void *library;
    plugin_begin_function *begin;
    plugin_ask_function *ask;
    /* Calls the host between two calls of the client. */
    plugin_each_function *each;
    /* Calls the host from inside of a call. */
    plugin_each_function *each_inside;
    plugin_end_function *end;
};

struct loaded load(const char *path);
void unload(struct loaded *plugin);

#endif
