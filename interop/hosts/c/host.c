/* A host that loads the plugin, uses it on threads of its own, and unloads it: host SCENARIO LIBRARY PORT. */
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "callers.h"
#include "check.h"
#include "loaded.h"
#include "process.h"

enum { ROUNDS = 20 };

static const char *path;
static uint16_t port;

static void *begin(void *plugin)
{
    ((const struct loaded *)plugin)->begin(port);
    return NULL;
}

static void *end(void *plugin)
{
    CHECK(((const struct loaded *)plugin)->end(), "threads are left");
    return NULL;
}

/* Runs the handlers of `fork`: none of an unloaded library may be left. */
static void fork_and_join(void)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    CHECK(child > 0 && waitpid(child, &status, 0) == child, "no child");
    CHECK(status == 0, "%d", status);
}

static void report(const char *what, int number)
{
    printf("%s %d: %lu answered, %d threads, %d descriptors, %zu bytes, %s\n", what, number,
           answered(), count_threads(), count_descriptors(), count_bytes(),
           is_mapped(path) ? "mapped" : "not mapped");
}

/* Only threads that end use the plugin: each time it is really unloaded. */
static void rounds(void)
{
    int descriptors = count_descriptors();
    for (int round = 0; round < ROUNDS; round++) {
        struct loaded plugin = load(path);
        on_thread(begin, &plugin);
        use_plugin_on_threads(&plugin);
        if (round == 0)
            report("in round", round);
        on_thread(end, &plugin);
        CHECK(count_threads_once(1) == 1, "round %d: %d threads", round, count_threads());
        unload(&plugin);
        CHECK(!is_mapped(path), "round %d", round);
        CHECK(count_descriptors() == descriptors, "round %d: %d, and there were %d", round,
              count_descriptors(), descriptors);
        fork_and_join();
        if (round % 5 == 4)
            report("after round", round);
    }
}

/* The main thread uses the plugin too, and has destructors in it: so it stays loaded, and works again. */
static void main_thread(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct loaded plugin = load(path);
        plugin.begin(port);
        use_plugin(&plugin);
        use_plugin_on_threads(&plugin);
        end(&plugin);
        CHECK(count_threads_once(1) == 1, "round %d: %d threads", round, count_threads());
        unload(&plugin);
        CHECK(is_mapped(path), "round %d", round);
        fork_and_join();
        if (round % 5 == 4)
            report("after round", round);
    }
}

static pthread_barrier_t used, closed;

static void *use_and_stay(void *plugin)
{
    use_plugin(plugin);
    pthread_barrier_wait(&used);
    pthread_barrier_wait(&closed);
    return NULL;
}

/* Threads that have used the plugin end after it was closed: until then it is not unloaded. */
static void threads_that_stay(void)
{
    enum { THREADS = 4 };
    pthread_barrier_init(&used, NULL, THREADS + 1);
    pthread_barrier_init(&closed, NULL, THREADS + 1);
    int descriptors = count_descriptors();
    for (int round = 0; round < ROUNDS; round++) {
        struct loaded plugin = load(path);
        on_thread(begin, &plugin);
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++)
            threads[i] = start_thread(0, use_and_stay, &plugin);
        pthread_barrier_wait(&used);
        on_thread(end, &plugin);
        CHECK(count_threads_once(1 + THREADS) == 1 + THREADS, "%d threads", count_threads());
        unload(&plugin);
        CHECK(is_mapped(path), "round %d", round);
        pthread_barrier_wait(&closed);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        CHECK(count_threads_once(1) == 1, "round %d: %d threads", round, count_threads());
        CHECK(count_descriptors() == descriptors, "round %d: %d, and there were %d", round,
              count_descriptors(), descriptors);
        /* The system unloads what nobody needs when the next library is closed. */
        struct loaded again = load(path);
        unload(&again);
        CHECK(!is_mapped(path), "round %d", round);
        if (round % 5 == 4)
            report("after round", round);
    }
}

/* The host forgets to end the plugin: its threads keep it loaded, and it works again. */
static void closed_in_use(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct loaded plugin = load(path);
        on_thread(begin, &plugin);
        use_plugin_on_threads(&plugin);
        unload(&plugin);
        CHECK(is_mapped(path), "round %d", round);
        fork_and_join();
        if (round % 5 == 4)
            report("after round", round);
    }
    struct loaded plugin = load(path);
    on_thread(end, &plugin);
    CHECK(count_threads_once(1) == 1, "%d threads", count_threads());
    unload(&plugin);
    CHECK(!is_mapped(path), "it has ended");
    report("after the end, round", ROUNDS);
}

static void *use_for_ever(void *plugin)
{
    pthread_barrier_wait(&used);
    while (1)
        use_plugin(plugin);
    return NULL;
}

/* `main` returns while threads are inside of calls. */
static void exit_in_use(void)
{
    enum { THREADS = 4 };
    static struct loaded plugin;
    plugin = load(path);
    plugin.begin(port);
    use_plugin(&plugin);
    pthread_barrier_init(&used, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        start_thread(0, use_for_ever, &plugin);
    pthread_barrier_wait(&used);
    use_plugin(&plugin);
}

int main(int count, char **arguments)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } scenarios[] = {
        {"rounds", rounds},
        {"main_thread", main_thread},
        {"threads_that_stay", threads_that_stay},
        {"closed_in_use", closed_in_use},
        {"exit_in_use", exit_in_use},
    };
    CHECK(count == 4, "%d arguments", count);
    /* A host that hangs ends, and the test prints how far it was. */
    alarm(50);
    setvbuf(stdout, NULL, _IOLBF, 0);
    path = arguments[2];
    port = (uint16_t)atoi(arguments[3]);
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        if (strcmp(arguments[1], scenarios[i].name) == 0) {
            scenarios[i].run();
            printf("%s: %lu answered\n", arguments[1], answered());
            return 0;
        }
    }
    CHECK(0, "no scenario %s", arguments[1]);
}
