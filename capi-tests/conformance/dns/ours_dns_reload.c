/*
 * /etc/resolv.conf that changes, where the program wants it read again: a file of the test's own, in
 * a private view of the file system. Time is made to pass.
 */
// runs: one-backend
#include "fault_calls.h"
#include "dns.h"

#include <sched.h>
#include <sys/mount.h>

static char path[] = "/tmp/resolv-conf-XXXXXX";

static void
write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

/* False where that is not allowed. */
static int
own_resolv_conf(void)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return 0;
	return mount("none", "/", "none", MS_REC | MS_PRIVATE, "") == 0 &&
	    mount(path, "/etc/resolv.conf", "none", MS_BIND, "") == 0;
}

static void
servers_are(const char *wanted)
{
	char all[400] = "";
	struct sockaddr_in address;

	for (int i = 0; evdns_base_get_nameserver_addr(dns, i, (struct sockaddr *)&address,
	                    sizeof(address)) > 0; i++)
		sprintf(all + strlen(all), "%s%s", i ? " " : "", inet_ntoa(address.sin_addr));
	ck_assert_str_eq(all, wanted);
}

/* A lookup is when the file is looked at. */
static void
after_ms(long long ms)
{
	struct result r = {0};
	struct evdns_request *request;

	jumped_us += ms * 1000;
	request = evdns_base_resolve_ipv4(dns, "host.test.", 0, on_result, &r);
	ck_assert_ptr_nonnull(request);
	evdns_cancel_request(dns, request);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_int_eq(r.calls, 1);
}

static void
read_file(int reload)
{
	write_file("nameserver 127.0.0.2\nnameserver 127.0.0.3\n");
	base = event_base_new();
	evdns_set_log_fn(ignore_log);
	dns = evdns_base_new(base, 1);
	ck_assert_ptr_nonnull(dns);
	if (reload)
		set_option("reload", "1");
	servers_are("127.0.0.2 127.0.0.3");
}

TEST(changes_are_followed)
{
	if (!own_resolv_conf()) {
		unlink(path);
		return;
	}
	read_file(1);
	ck_assert_int_eq(evdns_base_nameserver_ip_add(dns, "127.0.0.9"), 0);
	/* A change before the first lookup counts, too. */
	write_file("nameserver 127.0.0.4\nnameserver 127.0.0.3\n");
	after_ms(1000);
	servers_are("127.0.0.2 127.0.0.3 127.0.0.9");
	after_ms(5000);
	servers_are("127.0.0.3 127.0.0.9 127.0.0.4");
	/* A file that says nothing about servers leaves one. */
	write_file("search one.test\n");
	after_ms(6000);
	servers_are("127.0.0.9");
	end_dns();

	/* Unless asked, nobody looks. */
	read_file(0);
	write_file("nameserver 127.0.0.4\n");
	after_ms(10000);
	servers_are("127.0.0.2 127.0.0.3");
	end_dns();
	unlink(path);
}
