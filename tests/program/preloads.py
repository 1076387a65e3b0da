"""Libraries in C that stand between the program and the system when they are preloaded
(LD_PRELOAD)."""

QUOTA = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
/* A quota: of so many bytes, the files in a folder share what is set aside for them (by a
   checkpoint twice: once to try, once for good). */
static long used;
static int beyond(int file, long bytes) {
  const char* folder = getenv("QUOTA_FOLDER");
  char name[64], path[4096] = "";
  snprintf(name, sizeof name, "/proc/self/fd/%d", file);
  if (readlink(name, path, sizeof path - 1) < 0) return 0;
  if (strncmp(path, folder, strlen(folder)) != 0) return 0;
  if (__sync_add_and_fetch(&used, bytes) <= atol(getenv("QUOTA_BYTES"))) return 0;
  __sync_sub_and_fetch(&used, bytes);
  return 1;
}
int fallocate(int file, int mode, off_t begin, off_t bytes) {
  static int (*real)(int, int, off_t, off_t);
  if (!real) real = (int (*)(int, int, off_t, off_t))dlsym(RTLD_NEXT, "fallocate");
  if (!beyond(file, bytes)) return real(file, mode, begin, bytes);
  errno = EDQUOT;
  return -1;
}
int fallocate64(int file, int mode, off_t begin, off_t bytes) {
  return fallocate(file, mode, begin, bytes);
}
"""

CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
/* The clock that people set: every look at it finds it an hour earlier or later than the one
   before. */
static long jump(void) {
  static long calls;
  return (__sync_fetch_and_add(&calls, 1) % 3 - 1) * 3600;
}
int clock_gettime(clockid_t clock, struct timespec* now) {
  static int (*real)(clockid_t, struct timespec*);
  if (!real) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  int code = real(clock, now);
  if (code != 0) return code;
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += jump();
  return code;
}
time_t time(time_t* where) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (where) *where = now.tv_sec;
  return now.tv_sec;
}
int gettimeofday(struct timeval* now, void* zone) {
  struct timespec time_now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &time_now);
  now->tv_sec = time_now.tv_sec;
  now->tv_usec = time_now.tv_nsec / 1000;
  return 0;
}
"""
