/*
 * Sandboxes and old kernels that refuse a system call, and what must work all the same.
 */
#ifndef CAPI_SANDBOX_H
#define CAPI_SANDBOX_H

#include "events.h"
#include <event2/listener.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static int method_flags;

/* From now on system call NUMBER fails with CODE. */
static void
refuse_call(int number, int code)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
		    (unsigned)(SECCOMP_RET_ERRNO | code)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {4, filter};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void *
activate_from_here(void *event)
{
	capi_sleep_ms(20);
	event_active(event, EV_READ, 1);
	return NULL;
}

static void
check_wake_up(void)
{
	pthread_t thread;

	if (evthread_use_pthreads() == -1)
		return;
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	for (int i = 0; i < 2; i++) {
		ev = event_new(base, -1, 0, note_flags, "woken");
		add_ms(ev, CAPI_PATIENCE_MS);
		ck_assert_int_eq(
		    pthread_create(&thread, NULL, activate_from_here, ev), 0);
		ck_assert_int_eq(once(), 0);
		pthread_join(thread, NULL);
		event_free(ev);
	}
	ck_notes("woken:2 woken:2");
	event_base_free(base);
}

static void
accepted(struct evconnlistener *listener UNUSED, evutil_socket_t fd,
    struct sockaddr *address, int len, void *arg)
{
	ck_assert_int_eq(address->sa_family, AF_INET);
	ck_assert_int_eq(len, sizeof(struct sockaddr_in));
	ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	++*(int *)arg;
}

static void
check_accept(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	struct evconnlistener *listener;
	evutil_socket_t client;
	int taken = 0;

	base = event_base_new();
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = evconnlistener_new_bind(base, accepted, &taken,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, -1,
	    (struct sockaddr *)&sin, sizeof(sin));
	ck_assert_ptr_nonnull(listener);
	ck_assert_int_eq(getsockname(evconnlistener_get_fd(listener),
	    (struct sockaddr *)&sin, &len), 0);
	client = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(
	    connect(client, (struct sockaddr *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(once(), 0);
	ck_assert_int_eq(taken, 1);
	close(client);
	evconnlistener_free(listener);
	event_base_free(base);
}

static struct event_base *
base_with_flags(void)
{
	struct event_config *config = event_config_new();
	struct event_base *made;

	event_config_set_flag(config, method_flags);
	made = event_base_new_with_config(config);
	event_config_free(config);
	ck_assert_ptr_nonnull(made);
	return made;
}

static void
check_base(void)
{
	base = base_with_flags();
	trace("%s", event_base_get_method(base));
	capi_pair(pair);
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, consume, "fd");
	ck_assert_int_eq(event_add(ev, NULL), 0);
	other = evsignal_new(base, SIGUSR1, note_flags, "signal");
	ck_assert_int_eq(event_add(other, NULL), 0);
	timer(1, "timer");
	ck_assert_int_eq(once(), 0);
	feed(pair[1]);
	ck_assert_int_eq(once(), 0);
	raise(SIGUSR1);
	ck_assert_int_eq(once(), 0);
	ck_notes("timer fd:2 signal:8");
	ck_assert_int_eq(event_reinit(base), 0);
	feed(pair[1]);
	ck_assert_int_eq(once(), 0);
	raise(SIGUSR1);
	ck_assert_int_eq(once(), 0);
	ck_notes("fd:2 signal:8");
	event_free(ev);
	event_free(other);
	event_base_free(base);
}

static void
check_without(int number, int code)
{
	refuse_call(number, code);
	check_base();
	check_accept();
	check_wake_up();
}

#endif
