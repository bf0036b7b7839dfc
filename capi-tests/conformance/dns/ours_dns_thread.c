/* An evdns_base that several threads use. */
// runs: one-backend
#include "dns.h"

#include <pthread.h>

static void *
cancel_some(void *argument)
{
	struct evdns_request **requests = argument;

	for (int i = 0; i < 500; i += 2)
		evdns_cancel_request(dns, requests[i]);
	return NULL;
}

TEST(cancelled_by_another_thread)
{
	static struct result r[500];
	static struct evdns_request *requests[500];
	pthread_t thread;

	if (!getenv("CAPI_THREADS"))
		return;
	for (int round = 0; round < 10; round++) {
		memset(r, 0, sizeof(r));
		results = 0;
		begin_asking(say_number);
		for (int i = 0; i < 500; i++) {
			requests[i] = evdns_base_resolve_ipv4(dns, "host.test", 0, on_result, &r[i]);
			ck_assert_ptr_nonnull(requests[i]);
		}
		ck_assert_int_eq(pthread_create(&thread, NULL, cancel_some, requests), 0);
		await_results(500);
		pthread_join(thread, NULL);
		for (int i = 0; i < 500; i++) {
			ck_assert_int_eq(r[i].calls, 1);
			ck_assert(r[i].error == 0 || (i % 2 == 0 && r[i].error == DNS_ERR_CANCEL));
		}
		end_dns();
	}
}

static void *
look_up_many(void *argument)
{
	static const char *const options[] = {"7", "64"};
	struct result *r = argument;

	for (int i = 0; i < 200; i++) {
		evdns_base_resolve_ipv4(dns, "host.test", 0, on_result, &r[i]);
		evdns_base_set_option(dns, "max-inflight", options[i & 1]);
	}
	return NULL;
}

TEST(asked_by_many_threads)
{
	static struct result r[800];
	pthread_t threads[4];

	if (!getenv("CAPI_THREADS"))
		return;
	begin_asking(say_number);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, look_up_many, r + 200 * i);
	await_results(800);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 800; i++)
		ck_assert_int_eq(r[i].calls, 1);
	end_dns();
}
