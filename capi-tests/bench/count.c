/*
 * count WORKER once NAME - runs it and counts the system calls of all its
 * threads between the two marks of worker.h. Prints `NAME COUNT` for each kind
 * of call, then lets the worker's own output tell how many operations it was.
 *
 * ptrace() sees every call; a preloaded library would miss those that do not
 * go through the C library's functions. Asking for the time is left out: whether
 * that is a call is up to the kernel's clock.
 */
#include "worker.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define MOST 1024

static const struct {
	long number;
	const char *name;
} names[] = {
    {SYS_read, "read"}, {SYS_write, "write"}, {SYS_readv, "readv"},
    {SYS_writev, "writev"}, {SYS_recvfrom, "recvfrom"}, {SYS_sendto, "sendto"},
    {SYS_recvmsg, "recvmsg"}, {SYS_sendmsg, "sendmsg"}, {SYS_ioctl, "ioctl"},
    {SYS_fcntl, "fcntl"}, {SYS_epoll_ctl, "epoll_ctl"},
    {SYS_epoll_wait, "epoll_wait"}, {SYS_epoll_pwait, "epoll_pwait"},
    {SYS_epoll_pwait2, "epoll_pwait2"}, {SYS_timerfd_settime, "timerfd_settime"},
    {SYS_futex, "futex"},
    {SYS_socket, "socket"}, {SYS_connect, "connect"}, {SYS_accept4, "accept4"},
    {SYS_accept, "accept"}, {SYS_close, "close"}, {SYS_shutdown, "shutdown"},
    {SYS_getsockopt, "getsockopt"}, {SYS_setsockopt, "setsockopt"},
    {SYS_getsockname, "getsockname"}, {SYS_brk, "brk"}, {SYS_mmap, "mmap"},
    {SYS_munmap, "munmap"}, {SYS_mremap, "mremap"}, {SYS_madvise, "madvise"},
};

static const char *
name_of(long number)
{
	static char other[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].number == number)
			return names[i].name;
	snprintf(other, sizeof(other), "syscall_%ld", number);
	return other;
}

int
main(int argc, char **argv)
{
	static unsigned long counts[MOST];
	int marks = 0, status = 0;
	pid_t worker;

	must(argc > 1);
	worker = fork();
	must(worker >= 0);
	if (worker == 0) {
		must(ptrace(PTRACE_TRACEME, 0, 0, 0) == 0);
		raise(SIGSTOP);
		execv(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	must(waitpid(worker, &status, 0) == worker && WIFSTOPPED(status));
	must(ptrace(PTRACE_SETOPTIONS, worker, 0,
		 PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL) == 0);
	must(ptrace(PTRACE_SYSCALL, worker, 0, 0) == 0);
	for (;;) {
		struct __ptrace_syscall_info info;
		int signal = 0;
		pid_t thread = waitpid(-1, &status, __WALL);

		must(thread > 0 || errno == EINTR);
		if (thread == worker && !WIFSTOPPED(status))
			break;
		if (thread <= 0 || !WIFSTOPPED(status))
			continue;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) > 0 &&
			    info.op == PTRACE_SYSCALL_INFO_ENTRY) {
				if (info.entry.nr == SYS_close &&
				    (int)info.entry.args[0] == WORKER_MARK)
					marks++;
				else if (marks == 1 && info.entry.nr < MOST &&
				    info.entry.nr != SYS_clock_gettime)
					counts[info.entry.nr]++;
			}
		} else if (WSTOPSIG(status) != SIGTRAP && WSTOPSIG(status) != SIGSTOP) {
			signal = WSTOPSIG(status);
		}
		/* A thread may have ended meanwhile. */
		ptrace(PTRACE_SYSCALL, thread, 0, signal);
	}
	must(WIFEXITED(status) && WEXITSTATUS(status) == 0 && marks == 2);
	for (int i = 0; i < MOST; i++)
		if (counts[i])
			printf("%s %lu\n", name_of(i), counts[i]);
	return 0;
}
