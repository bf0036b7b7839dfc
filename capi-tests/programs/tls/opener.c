/* Opens the object that it is given, for itself only, and calls its tls_session().
 * With -DUSES_LIBEVENT the program has libevent loaded before, with
 * -DOWN_NAMESPACE the object gets copies of everything. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

#ifdef USES_LIBEVENT
#include <event2/event.h>
#endif

int
main(int argc, char **argv)
{
	void *object;
	int (*session)(void);
	int result;

	if (argc != 2)
		return 2;
#ifdef USES_LIBEVENT
	event_base_free(event_base_new());
#endif
#ifdef OWN_NAMESPACE
	object = dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW | RTLD_LOCAL);
#else
	object = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
#endif
	if (!object) {
		puts(dlerror());
		return 2;
	}
	*(void **)&session = dlsym(object, "tls_session");
	result = session();
	puts(result ? "failed" : "answered");
	return result;
}
