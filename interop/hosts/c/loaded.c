#include "loaded.h"

#include <dlfcn.h>
#include <string.h>

#include "check.h"

/* A pointer to an object cannot be cast to one to a function. */
static void find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    CHECK(found, "%s", dlerror());
    memcpy(function, &found, sizeof found);
}

struct loaded load(const char *path)
{
    struct loaded plugin = {.library = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    CHECK(plugin.library, "%s", dlerror());
    find(plugin.library, "plugin_begin", &plugin.begin);
    find(plugin.library, "plugin_ask", &plugin.ask);
    find(plugin.library, "plugin_each", &plugin.each);
    find(plugin.library, "plugin_each_inside", &plugin.each_inside);
    find(plugin.library, "plugin_end", &plugin.end);
    return plugin;
}

void unload(struct loaded *plugin)
{
    CHECK(dlclose(plugin->library) == 0, "%s", dlerror());
    *plugin = (struct loaded){0};
}
