/*
 * Bases, pools and connections that are freed in the middle of calls: libevent
 * uses what is freed then.
 */
// runs: one-backend
// messages: calls
#include "rpcs.h"

static void *paused;

static int
end_call(void *context, struct evhttp_request *req, struct evbuffer *message,
    void *arg)
{
	(void)context;
	(void)req;
	(void)message;
	(void)arg;
	return EVRPC_TERMINATE;
}

static int
pause_call(void *context, struct evhttp_request *req, struct evbuffer *message,
    void *arg)
{
	(void)req;
	(void)message;
	(void)arg;
	paused = context;
	return EVRPC_PAUSE;
}

/* Frees what `arg` says; the callback's messages as well. */
static void
on_end(struct evrpc_status *status, struct question *question,
    struct answer *answer, void *arg)
{
	note("%d", status->error);
	question_free(question);
	answer_free(answer);
	if (arg) {
		evrpc_pool_free(pool);
		pool = NULL;
	}
	call_ended();
}

static void
ask_and_free(ev_uint32_t what, void *arg)
{
	struct question *question = question_new();

	EVTAG_ASSIGN(question, text, "x");
	EVTAG_ASSIGN(question, what, what);
	calls++;
	EVRPC_MAKE_REQUEST(Ask, pool, question, answer_new(), on_end, arg);
}

TEST(a_callback_frees_the_pool)
{
	set_up();
	ask_and_free(ANSWER, pool);
	wait_for_calls();
	ck_notes("asked:x 0");
	make_pool(1);
	evrpc_add_hook(pool, EVRPC_OUTPUT, end_call, NULL);
	ask_and_free(ANSWER, pool);
	wait_for_calls();
	ck_notes("3");
	ck_assert_ptr_null(pool);
	make_pool(1);
	evrpc_pool_set_timeout(pool, 1);
	ask_and_free(KEEP, pool);
	wait_for_calls();
	ck_notes("asked:x 1");
	EVRPC_REQUEST_DONE(kept);
	tear_down();
}

static struct question *question_of_call;
static struct answer *answer_of_call;

/* Makes a call that will not be answered before the pool is freed. */
static void
start_call(ev_uint32_t what)
{
	question_of_call = question_new();
	answer_of_call = answer_new();
	EVTAG_ASSIGN(question_of_call, text, "x");
	EVTAG_ASSIGN(question_of_call, what, what);
	EVRPC_MAKE_REQUEST(
	    Ask, pool, question_of_call, answer_of_call, on_end, NULL);
}

static void
free_pool(void)
{
	evrpc_pool_free(pool);
	pool = NULL;
	question_free(question_of_call);
	answer_free(answer_of_call);
}

TEST(a_pool_is_freed_with_a_call_on_its_way)
{
	set_up();
	start_call(KEEP);
	while (!kept)
		event_base_loop(base, EVLOOP_ONCE);
	free_pool();
	run_a_while();
	EVTAG_ASSIGN(kept->reply, text, "x");
	EVRPC_REQUEST_DONE(kept);
	ck_notes("asked:x");
	make_pool(0);
	start_call(ANSWER);
	ck_notes("");
	question_free(question_of_call);
	answer_free(answer_of_call);
	tear_down();
}

TEST(a_pool_is_freed_with_paused_calls)
{
	set_up();
	evrpc_add_hook(pool, EVRPC_OUTPUT, pause_call, NULL);
	start_call(ANSWER);
	ck_assert_ptr_nonnull(paused);
	free_pool();
	run_a_while();
	paused = NULL;
	make_pool(1);
	evrpc_add_hook(pool, EVRPC_INPUT, pause_call, NULL);
	start_call(ANSWER);
	while (!paused)
		event_base_loop(base, EVLOOP_ONCE);
	free_pool();
	run_a_while();
	ck_notes("asked:x");
	tear_down();
}

TEST(a_base_is_freed_with_calls_in_hand)
{
	set_up();
	ask("x", KEEP);
	while (!kept)
		event_base_loop(base, EVLOOP_ONCE);
	evrpc_free(rpcs);
	rpcs = NULL;
	EVTAG_ASSIGN(kept->reply, text, "still");
	EVRPC_REQUEST_DONE(kept);
	wait_for_calls();
	ck_notes("asked:x x:0,still,200");
	tear_down();
}

TEST(a_base_is_freed_with_paused_calls)
{
	set_up();
	evrpc_add_hook(rpcs, EVRPC_INPUT, pause_call, NULL);
	ask("x", ANSWER);
	while (!paused)
		event_base_loop(base, EVLOOP_ONCE);
	evrpc_free(rpcs);
	rpcs = NULL;
	wait_for_calls();
	ck_notes("x:2,-,503");
	tear_down();
}

TEST(a_call_outlives_the_http_server)
{
	set_up();
	ask("x", KEEP);
	while (!kept)
		event_base_loop(base, EVLOOP_ONCE);
	evhttp_free(http);
	EVTAG_ASSIGN(kept->reply, text, "x");
	EVRPC_REQUEST_DONE(kept);
	wait_for_calls();
	ck_notes("asked:x x:1,-,-1");
	evrpc_free(rpcs);
	evrpc_pool_free(pool);
	event_base_free(base);
}

static void *own_handle;

static int
remove_itself(void *context, struct evhttp_request *req,
    struct evbuffer *message, void *arg)
{
	(void)context;
	(void)req;
	(void)message;
	(void)arg;
	note("hook");
	ck_assert_int_eq(evrpc_remove_hook(pool, EVRPC_OUTPUT, own_handle), 1);
	return EVRPC_CONTINUE;
}

static int
answer_nonsense(void *context, struct evhttp_request *req,
    struct evbuffer *message, void *arg)
{
	(void)context;
	(void)req;
	(void)message;
	(void)arg;
	return 17;
}

TEST(a_hook_removes_itself)
{
	set_up();
	own_handle = evrpc_add_hook(pool, EVRPC_OUTPUT, remove_itself, NULL);
	ask("x", ANSWER);
	wait_for_calls();
	ask("y", ANSWER);
	wait_for_calls();
	ck_notes("hook asked:x x:0,x,200 asked:y y:0,y,200");
	/* What no hook may answer ends the call. */
	evrpc_add_hook(pool, EVRPC_OUTPUT, answer_nonsense, NULL);
	ask("z", ANSWER);
	ck_notes("z:3,-,-1");
	tear_down();
}

/* With a base of its own, which is not the current one. */
TEST(connections_have_their_own_base)
{
	struct event_base *current = event_init();

	set_up();
	ck_assert_ptr_ne(current, base);
	evrpc_pool_free(pool);
	pool = evrpc_pool_new(base);
	evrpc_pool_add_connection(pool,
	    evhttp_connection_base_new(base, NULL, "127.0.0.1", port));
	evrpc_pool_set_timeout(pool, 5);
	ask("x", ANSWER);
	wait_for_calls();
	ck_notes("asked:x x:0,x,200");
	tear_down();
	event_base_free(current);
}

/* The allocation after which one fails; none if negative. */
static long fail_at = -1;

static int
no_memory(void)
{
	return fail_at >= 0 && fail_at-- == 0;
}

static void *
scarce_malloc(size_t size)
{
	return no_memory() ? NULL : malloc(size);
}

static void *
scarce_realloc(void *block, size_t size)
{
	return no_memory() ? NULL : realloc(block, size);
}

/* The HTTP server must not lead to a procedure that is gone. */
TEST(a_procedure_is_unregistered_without_memory)
{
	event_set_mem_functions(scarce_malloc, scarce_realloc, free);
	set_up();
	fail_at = 0;
	ck_assert_int_eq(EVRPC_UNREGISTER(rpcs, Ask), 0);
	fail_at = -1;
	ask("x", ANSWER);
	wait_for_calls();
	ck_notes("x:2,-,404");
	tear_down();
}

/* The n-th allocation fails, for all n: each call ends, and the next one works. */
TEST(memory_runs_out_in_a_call)
{
	long n;
	int i, over = 0;

	event_set_mem_functions(scarce_malloc, scarce_realloc, free);
	for (n = 0; !over; n++) {
		ck_assert_int_lt(n, 2000);
		set_up();
		evrpc_pool_set_timeout(pool, 2);
		fail_at = n;
		ask("x", ANSWER);
		for (i = 0; calls > 0 && i < 4000; i++) {
			event_base_loop(base, EVLOOP_NONBLOCK);
			if (calls > 0)
				capi_sleep_ms(i > 20);
		}
		over = fail_at >= 0;
		fail_at = -1;
		ck_assert_int_eq(calls, 0);
		ask("y", ANSWER);
		wait_for_calls();
		tear_down();
		capi_log[0] = '\0';
	}
}
