/* What the system knows of this process. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stddef.h>

int count_threads(void);
int count_descriptors(void);
/* Of the heap. */
size_t count_bytes(void);
int is_mapped(const char *path);

/* Waits until the threads that have been joined are no longer listed: the kernel wakes those who join them a moment
   before. Returns how many there are. */
int count_threads_once(int expected);

#endif
