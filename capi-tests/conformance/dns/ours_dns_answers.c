/*
 * Odd and malformed answers, one row for each: what a lookup makes of it. Where libevent differs is
 * shown by dns_trust.
 */
// runs: one-backend
#include "dns.h"

/* The answer is no answer: the right one, which follows, is taken. */
#define IGNORED (-1)

struct row {
	const char *what;
	/* Two bytes at 2 of the header. */
	int flags;
	/* Questions, answers, authority, additional. */
	int counts[4];
	/* What follows the question, or, if WHOLE, the header. */
	const char *bytes;
	int len;
	int whole;
	int result;
	const char *text;
};

#define BYTES(literal) (literal), sizeof(literal) - 1
#define QUESTION "\4host\4test\0\0\1\0\1"
/* Record: owner, type, class, TTL of 60, length, data. */
#define IN "\0\1\0\0\0\x3c"
#define HERE "\xc0\x0c"
#define A(last) HERE "\0\1" IN "\0\4\x0a\0\0" last
#define A_OF(owner, last) owner "\0\1" IN "\0\4\x0a\0\0" last
#define OTHER "\5other\4test\0"
#define SOA "\xc0\x11\0\6" IN "\0\x16\0\0" "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\5"
#define OPT(rcode) "\0\0\x29\x10\0" rcode "\0\0\0\0\0"
#define LABEL_63 "\x3f" "123456789012345678901234567890123456789012345678901234567890123"
#define ONE {1, 1, 0, 0}

static const struct row rows[] = {
    /* What is right, if unusual. */
    {"plain", 0x8180, ONE, BYTES(A("\1")), 0, 0, "10.0.0.1"},
    {"all bits that say nothing", 0x87f0, ONE, BYTES(A("\1")), 0, DNS_ERR_TRUNCATED, ""},
    {"authoritative, checked, reserved", 0x85f0, ONE, BYTES(A("\1")), 0, 0, "10.0.0.1"},
    {"records of other types between", 0x8180, {1, 5, 0, 0},
        BYTES(HERE "\0\x10" IN "\0\4\3txt" A("\1") HERE "\0\x0f" IN "\0\4\0\1\xc0\x0c" A("\2")
            HERE "\xff\0" IN "\0\0"), 0, 0, "10.0.0.1 10.0.0.2"},
    {"a signature", 0x8180, {1, 2, 0, 0},
        BYTES(A("\1") HERE "\0\x2e" IN "\0\x14\0\1\5\2\0\0\0\x3c\0\0\0\1\0\0\0\0\0\1\0\1"), 0, 0,
        "10.0.0.1"},
    {"the owner in capitals", 0x8180, ONE, BYTES(A_OF("\4HOST\4Test\0", "\1")), 0, 0, "10.0.0.1"},
    {"the owner through two pointers", 0x8180, {1, 2, 0, 0},
        BYTES(A_OF("\4host\xc0\x11", "\1") A_OF("\xc0\x1b", "\2")), 0, 0, "10.0.0.1 10.0.0.2"},
    {"an alias behind what it leads to", 0x8180, {1, 2, 0, 0},
        BYTES(A_OF(OTHER, "\1") HERE "\0\5" IN "\0\x0c" OTHER), 0, 0, "10.0.0.1"},
    {"a renamed zone", 0x8180, {1, 3, 0, 0},
        BYTES("\xc0\x11\0\x27" IN "\0\5\3new\0" HERE "\0\5" IN "\0\x0a\4host\3new\0"
            A_OF("\4host\3new\0", "\1")), 0, 0, "10.0.0.1"},
    {"an alias and an address of one owner", 0x8180, {1, 3, 0, 0},
        BYTES(A("\1") HERE "\0\5" IN "\0\x0c" OTHER A_OF(OTHER, "\2")), 0, 0, "10.0.0.2"},
    {"EDNS that was not asked for", 0x8180, {1, 1, 0, 1}, BYTES(A("\1") OPT("\0")), 0, 0,
        "10.0.0.1"},
    {"EDNS twice", 0x8180, {1, 1, 0, 2}, BYTES(A("\1") OPT("\0") OPT("\0")), 0, 0, "10.0.0.1"},
    {"more bytes than records", 0x8180, ONE, BYTES(A("\1") "\xff\xff\xff"), 0, 0, "10.0.0.1"},
    {"more records than are counted", 0x8180, ONE, BYTES(A("\1") A("\2")), 0, 0, "10.0.0.1"},
    {"two addresses in one record", 0x8180, ONE,
        BYTES(HERE "\0\1" IN "\0\x08\x0a\0\0\1\x0a\0\0\2"), 0, 0, "10.0.0.1 10.0.0.2"},
    /* What has no address. */
    {"no record", 0x8180, {1, 0, 0, 0}, BYTES(""), 0, DNS_ERR_NODATA, ""},
    {"an SOA", 0x8180, {1, 0, 1, 0}, BYTES(SOA), 0, DNS_ERR_NODATA, ""},
    {"an alias alone", 0x8180, ONE, BYTES(HERE "\0\5" IN "\0\x0c" OTHER), 0, DNS_ERR_NODATA, ""},
    {"an address of somebody else", 0x8180, ONE, BYTES(A_OF(OTHER, "\1")), 0, DNS_ERR_NODATA, ""},
    {"an address of the root", 0x8180, ONE, BYTES(A_OF("\0", "\1")), 0, DNS_ERR_NODATA, ""},
    {"an address of the zone", 0x8180, ONE, BYTES(A_OF("\xc0\x11", "\1")), 0, DNS_ERR_NODATA, ""},
    {"an address of a longer name", 0x8180, ONE, BYTES(A_OF("\1x\xc0\x0c", "\1")), 0,
        DNS_ERR_NODATA, ""},
    {"another class", 0x8180, ONE, BYTES(HERE "\0\1\0\3\0\0\0\x3c\0\4\x0a\0\0\1"), 0,
        DNS_ERR_NODATA, ""},
    {"any class", 0x8180, ONE, BYTES(HERE "\0\1\0\xff\0\0\0\x3c\0\4\x0a\0\0\1"), 0, DNS_ERR_NODATA,
        ""},
    {"addresses among the additional", 0x8180, {1, 0, 1, 1}, BYTES(A("\1") A("\2")), 0,
        DNS_ERR_NODATA, ""},
    {"an empty address", 0x8180, ONE, BYTES(HERE "\0\1" IN "\0\0"), 0, DNS_ERR_NODATA, ""},
    {"an address of the other family", 0x8180, ONE,
        BYTES(HERE "\0\x1c" IN "\0\x10 123456789abcdef"), 0, DNS_ERR_NODATA, ""},
    {"denied, with an address", 0x8183, ONE, BYTES(A("\1")), 0, DNS_ERR_NOTEXIST, ""},
    /* Other codes. */
    {"a format error", 0x8181, {1, 0, 0, 0}, BYTES(""), 0, DNS_ERR_FORMAT, ""},
    {"refused with an address", 0x8185, ONE, BYTES(A("\1")), 0, DNS_ERR_REFUSED, ""},
    {"a name that exists and should not", 0x8186, ONE, BYTES(A("\1")), 0, DNS_ERR_UNKNOWN, ""},
    {"a code that nobody knows", 0x818f, ONE, BYTES(A("\1")), 0, DNS_ERR_UNKNOWN, ""},
    {"a code that is half in EDNS", 0x8180, {1, 1, 0, 1}, BYTES(A("\1") OPT("\1")), 0,
        DNS_ERR_UNKNOWN, ""},
    {"refused, without a question", 0x8185, {0, 0, 0, 0}, BYTES(""), 1, DNS_ERR_REFUSED, ""},
    {"not implemented, without a question", 0x8184, {0, 0, 0, 0}, BYTES(""), 1, DNS_ERR_NOTIMPL,
        ""},
    /* Garbage from whoever has seen the question. */
    {"an alias of itself", 0x8180, {1, 2, 0, 0}, BYTES(HERE "\0\5" IN "\0\2\xc0\x0c" A("\1")), 0,
        DNS_ERR_UNKNOWN, ""},
    {"aliases in a circle", 0x8180, {1, 2, 0, 0},
        BYTES(HERE "\0\5" IN "\0\x0c" OTHER OTHER "\0\5" IN "\0\2\xc0\x0c"), 0, DNS_ERR_UNKNOWN,
        ""},
    {"an address of 3 bytes", 0x8180, ONE, BYTES(HERE "\0\1" IN "\0\3\x0a\0\0"), 0,
        DNS_ERR_UNKNOWN, ""},
    {"an address of 5 bytes", 0x8180, ONE, BYTES(HERE "\0\1" IN "\0\5\x0a\0\0\1\1"), 0,
        DNS_ERR_UNKNOWN, ""},
    {"a pointer to itself", 0x8180, ONE, BYTES(A_OF("\xc0\x1b", "\1")), 0, DNS_ERR_UNKNOWN, ""},
    {"a pointer forwards", 0x8180, {1, 2, 0, 0}, BYTES(A_OF("\xc0\x2b", "\1") A("\2")), 0,
        DNS_ERR_UNKNOWN, ""},
    {"a pointer into the header", 0x8180, ONE, BYTES(A_OF("\xc0\x04", "\1")), 0, DNS_ERR_UNKNOWN,
        ""},
    {"a pointer beyond the end", 0x8180, ONE, BYTES(A_OF("\xff\xff", "\1")), 0, DNS_ERR_UNKNOWN,
        ""},
    {"a pointer to the label in front of it", 0x8180, ONE, BYTES(A_OF("\1x\xc0\x1b", "\1")), 0,
        DNS_ERR_UNKNOWN, ""},
    {"half a pointer", 0x8180, ONE, BYTES("\xc0"), 0, DNS_ERR_UNKNOWN, ""},
    {"a label of the kind 01", 0x8180, ONE, BYTES(A_OF("\x41" "a\0", "\1")), 0, DNS_ERR_UNKNOWN,
        ""},
    {"a label of the kind 10", 0x8180, ONE, BYTES(A_OF("\x81" "a\0", "\1")), 0, DNS_ERR_UNKNOWN,
        ""},
    {"a label longer than the message", 0x8180, ONE, BYTES("\x3f" "host"), 0, DNS_ERR_UNKNOWN, ""},
    {"a name without an end", 0x8180, ONE, BYTES("\4host"), 0, DNS_ERR_UNKNOWN, ""},
    {"a name of 266 bytes", 0x8180, ONE,
        BYTES(A_OF(LABEL_63 LABEL_63 LABEL_63 LABEL_63 HERE, "\1")), 0, DNS_ERR_UNKNOWN, ""},
    {"fewer records than are counted", 0x8180, {1, 2, 0, 0}, BYTES(A("\1")), 0, DNS_ERR_UNKNOWN,
        ""},
    {"65535 records, of which one is there", 0x8180, {1, 1, 65535, 65535}, BYTES(A("\1")), 0,
        DNS_ERR_UNKNOWN, ""},
    {"a record without its data", 0x8180, ONE, BYTES(HERE "\0\1" IN "\0\4"), 0, DNS_ERR_UNKNOWN,
        ""},
    {"half a record", 0x8180, ONE, BYTES(HERE "\0\1\0\1\0"), 0, DNS_ERR_UNKNOWN, ""},
    {"the last record is cut", 0x8180, {1, 2, 0, 0}, BYTES(A("\1") HERE "\0\x10" IN "\0\x20txt"),
        0, DNS_ERR_UNKNOWN, ""},
    {"an alias with more behind its name", 0x8180, ONE, BYTES(HERE "\0\5" IN "\0\x0d" OTHER "x"),
        0, DNS_ERR_UNKNOWN, ""},
    {"an alias longer than its record", 0x8180, ONE, BYTES(HERE "\0\5" IN "\0\x0a" OTHER), 0,
        DNS_ERR_UNKNOWN, ""},
    {"an alias that leads forwards", 0x8180, ONE, BYTES(HERE "\0\5" IN "\0\2\xc0\x29" "\1x\0"), 0,
        DNS_ERR_UNKNOWN, ""},
    {"an SOA that is cut", 0x8180, {1, 0, 1, 0}, BYTES("\xc0\x11\0\6" IN "\0\6\0\0\0\0\0\1"), 0,
        DNS_ERR_UNKNOWN, ""},
    /* What anybody may have sent. */
    {"nothing", IGNORED, {0}, BYTES(""), 1, IGNORED, NULL},
    {"a question", 0x0180, ONE, BYTES(A("\2")), 0, IGNORED, NULL},
    {"a status", 0x9180, ONE, BYTES(A("\2")), 0, IGNORED, NULL},
    {"an update", 0xa980, ONE, BYTES(A("\2")), 0, IGNORED, NULL},
    {"a header", 0x8180, {0, 0, 0, 0}, BYTES(""), 1, IGNORED, NULL},
    {"denied, without a question", 0x8183, {0, 0, 0, 0}, BYTES(""), 1, IGNORED, NULL},
    {"an address without a question", 0x8180, {0, 1, 0, 0}, BYTES(A_OF("\4host\4test\0", "\2")), 1,
        IGNORED, NULL},
    {"two questions", 0x8180, {2, 1, 0, 0}, BYTES(QUESTION QUESTION A("\2")), 1, IGNORED, NULL},
    {"65535 questions", 0x8180, {65535, 1, 0, 0}, BYTES(QUESTION A("\2")), 1, IGNORED, NULL},
    {"another name", 0x8180, ONE, BYTES("\4hose\4test\0\0\1\0\1" A("\2")), 1, IGNORED, NULL},
    {"a name that goes on", 0x8180, ONE, BYTES("\4host\4test\1x\0\0\1\0\1" A("\2")), 1, IGNORED,
        NULL},
    {"a name that ends", 0x8180, ONE, BYTES("\4host\0\0\1\0\1" A("\2")), 1, IGNORED, NULL},
    {"another type", 0x8180, ONE, BYTES("\4host\4test\0\0\x1c\0\1" A("\2")), 1, IGNORED, NULL},
    {"another class of the question", 0x8180, ONE, BYTES("\4host\4test\0\0\1\0\3" A("\2")), 1,
        IGNORED, NULL},
    {"a question that is cut", 0x8180, ONE, BYTES("\4host\4test\0\0\1"), 1, IGNORED, NULL},
    {"a question that points to itself", 0x8180, ONE, BYTES("\xc0\x0c\0\1\0\1" A("\2")), 1,
        IGNORED, NULL},
};

static const struct row *row;

static void
say_odd(struct question *q)
{
	unsigned char bytes[1500];
	int len = 12;

	memcpy(bytes, q->bytes, (size_t)q->end);
	put16(bytes + 2, row->flags);
	for (int i = 0; i < 4; i++)
		put16(bytes + 4 + 2 * i, row->counts[i]);
	if (!row->whole)
		len = q->end;
	memcpy(bytes + len, row->bytes, (size_t)row->len);
	len += row->len;
	if (row->flags == IGNORED)
		len = 0;
	sendto(q->server->fd, bytes, (size_t)len, 0, (struct sockaddr *)&q->from, sizeof(q->from));
	if (row->result == IGNORED)
		say_number(q);
}

/* Whatever it was, the next lookup finds what it asks for. */
TEST(odd_answers)
{
	for (row = rows; row < rows + sizeof(rows) / sizeof(rows[0]); row++) {
		int ignored = row->result == IGNORED;
		struct result r;

		begin_dns(0);
		set_option("ignore-tc", "");
		set_option("randomize-case", "0");
		use_server(start_server(say_odd));
		r = lookup("host.test", TYPE_A);
		ck_assert_msg(r.error == (ignored ? 0 : row->result), "%s: %d", row->what, r.error);
		ck_assert_msg(strcmp(r.text, ignored ? "10.0.0.1" : row->text) == 0, "%s: %s",
		    row->what, r.text);
		ck_assert_msg(r.ttl <= 60, "%s: ttl %d", row->what, r.ttl);
		servers[0].answer = say_number;
		ck_assert_str_eq(lookup("next.test", TYPE_A).text, "10.0.0.1");
		end_dns();
	}
}

/* All of them cut anywhere: at most an address that was there to be found. */
TEST(odd_answers_that_are_cut)
{
	struct row cut;

	for (const struct row *whole = rows; whole < rows + sizeof(rows) / sizeof(rows[0]); whole++) {
		if (whole->result == IGNORED)
			continue;
		begin_dns(0);
		set_option("ignore-tc", "");
		set_option("randomize-case", "0");
		use_server(start_server(say_odd));
		cut = *whole;
		row = &cut;
		for (cut.len = 0; cut.len < whole->len; cut.len++) {
			struct result r = lookup("host.test", TYPE_A);

			ck_assert_msg(r.error ? !*r.text : *r.text && strstr(whole->text, r.text), "%s, %d bytes: %s",
			    whole->what, cut.len, r.text);
		}
		end_dns();
	}
}
