"""The calls of the kernel that a process needs to compute and to work on its files.

No other is among them: no new process or program, no socket, no signal to another process, no
look into one, no mounting, no change of owners or modes, nothing a later kernel adds.
"""

# A name, its number on x86_64, and on aarch64; "-" where there is none. From Linux' unistd.h.
_TABLE = """
read 0 63           write 1 64          readv 19 65         writev 20 66        pread64 17 67
pwrite64 18 68      preadv 295 69       pwritev 296 70      preadv2 327 286     pwritev2 328 287
lseek 8 62          close 3 57          close_range 436 436 open 2 -            openat 257 56
creat 85 -          dup 32 23           dup2 33 -           dup3 292 24         pipe 22 -
pipe2 293 59        fcntl 72 25         ioctl 16 29         flock 73 32         fsync 74 82
fdatasync 75 83     ftruncate 77 46     fallocate 285 47    fadvise64 221 223   sendfile 40 71
copy_file_range 326 285                 stat 4 -            fstat 5 80          lstat 6 -
newfstatat 262 79   statx 332 291       statfs 137 43       fstatfs 138 44      access 21 -
faccessat 269 48    faccessat2 439 439  readlink 89 -       readlinkat 267 78   getcwd 79 17
getdents 78 -       getdents64 217 61   rename 82 -         renameat 264 38     renameat2 316 276
unlink 87 -         unlinkat 263 35     mkdir 83 -          mkdirat 258 34      rmdir 84 -
umask 95 166        mmap 9 222          munmap 11 215       mprotect 10 226     mremap 25 216
madvise 28 233      brk 12 214          msync 26 227        mincore 27 232      membarrier 324 283
futex 202 98        futex_waitv 449 449 set_robust_list 273 99                  rseq 334 293
get_robust_list 274 100                 set_tid_address 218 96                  arch_prctl 158 -
clone 56 220        clone3 435 435      exit 60 93          exit_group 231 94   tgkill 234 131
rt_sigaction 13 134 rt_sigprocmask 14 135                   rt_sigreturn 15 139
rt_sigpending 127 136                   rt_sigtimedwait 128 137                 sigaltstack 131 132
rt_sigsuspend 130 133                   restart_syscall 219 128                 getpid 39 172
getppid 110 173     gettid 186 178      getpgrp 111 -       getpgid 121 155     getsid 124 156
getuid 102 174      geteuid 107 175     getgid 104 176      getegid 108 177     getgroups 115 158
getresuid 118 148   getresgid 120 150   getrlimit 97 163    prlimit64 302 261   getrusage 98 165
times 100 153       sysinfo 99 179      uname 63 160        getrandom 318 278   getcpu 309 168
getpriority 140 141 sched_yield 24 124  sched_getaffinity 204 123
sched_getparam 143 121                  sched_getscheduler 145 120
sched_get_priority_max 146 125          sched_get_priority_min 147 126
clock_gettime 228 113                   clock_getres 229 114                    nanosleep 35 101
clock_nanosleep 230 115                 gettimeofday 96 169 time 201 -          poll 7 -
ppoll 271 73        select 23 -         pselect6 270 72     epoll_create 213 -  epoll_ctl 233 21
epoll_create1 291 20                    epoll_wait 232 -    epoll_pwait 281 22  eventfd 284 -
eventfd2 290 19     get_mempolicy 239 236
"""
_COLUMN = {"x86_64": 1, "aarch64": 2}
SECCOMP = {"x86_64": 317, "aarch64": 277}


def numbers(architecture: str) -> dict[str, int]:
    """Return the numbers of these calls on a machine, by name."""
    words = _TABLE.split()
    column = _COLUMN[architecture]
    return {
        words[i]: int(words[i + column])
        for i in range(0, len(words), 3)
        if words[i + column] != "-"
    }
