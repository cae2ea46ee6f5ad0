#include "process.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static int count_entries(const char *path)
{
    DIR *folder = opendir(path);
    CHECK(folder, "%s", path);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

int count_threads(void)
{
    return count_entries("/proc/self/task");
}

int count_descriptors(void)
{
    /* One is that of the folder itself. */
    return count_entries("/proc/self/fd") - 1;
}

size_t count_bytes(void)
{
    struct mallinfo2 heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
}

int is_mapped(const char *path)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps, "no maps");
    char line[4096];
    int found = 0;
    while (!found && fgets(line, sizeof line, maps))
        found = strstr(line, path) != NULL;
    fclose(maps);
    return found;
}

int count_threads_once(int expected)
{
    int count = count_threads();
    for (int tries = 0; count != expected && tries < 5000; tries++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        count = count_threads();
    }
    return count;
}
