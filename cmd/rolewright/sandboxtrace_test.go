package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sandbox is what a traced run may do. Whatever else it does is a violation.
type sandbox struct {
	root  string   // the folder that it may read
	work  string   // where it was started
	write []string // the files that it may replace
}

// traced is a line of strace -ff -y: the call, its arguments, and what it returned. An unfinished one is a
// call amid which another thread ended the process.
var (
	traced     = regexp.MustCompile(`^(\w+)\((.*)\)\s+= (.*)$`)
	unfinished = regexp.MustCompile(`^(\w+)\((.+)() <unfinished \.\.\.>$`)
)

// runtimeReads are what the loader of a dynamically linked program, and the runtime of Go, read as they
// start. Each is named: anything else outside the workspace is a violation.
var runtimeReads = regexp.MustCompile(`^(` + strings.Join([]string{
	`/etc/ld\.so\.(preload|cache)`,
	`/(usr/)?lib(64)?/([a-z0-9_-]+-linux-gnu/)?(glibc-hwcaps/[a-z0-9-]+/)?lib(c|resolv|pthread)\.so\.[0-9]+`,
	`/proc/(self|[0-9]+)/(maps|cgroup|mountinfo)`,
	`/sys/kernel/mm/transparent_hugepage/hpage_pmd_size`,
	`/sys/fs/cgroup/(.*/)?cpu\.(max|cfs_quota_us|cfs_period_us)`,
	`/etc/localtime`,
	`/usr/share/zoneinfo(/[A-Za-z0-9_+/-]+)?`,
}, "|") + raceReads + `)$`)

// What calls do. A call that is in none of these lists is a violation too: the lists are what strace's
// classes %file, %network and %process hold, as far as the program has any business with it.
var (
	looks    = words("access faccessat faccessat2 stat lstat newfstatat statx statfs readlink readlinkat getcwd")
	opens    = words("open openat openat2")
	changes  = words("rename renameat renameat2 unlink unlinkat chmod fchmodat fchmodat2 mkdir mkdirat")
	harmless = words("clone clone3 exit exit_group tgkill tkill wait4 waitid arch_prctl rt_sigaction set_tid_address kill pidfd_open pidfd_send_signal")
	threads  = regexp.MustCompile(`CLONE_THREAD`)
)

func words(text string) []string { return strings.Fields(text) }

// judge says what a line of a trace does that the sandbox forbids, or "".
func (s sandbox) judge(line string) string {
	m := traced.FindStringSubmatch(line)
	if m == nil {
		m = unfinished.FindStringSubmatch(line)
	}
	if m == nil {
		return s.judgeOther(line)
	}
	call, args, result := m[1], m[2], m[3]
	switch {
	case slices.Contains(opens, call):
		return s.judgeOpen(args, result)
	case slices.Contains(looks, call):
		return s.judgeLook(call, args)
	case slices.Contains(changes, call):
		return s.judgeChange(call, args)
	case strings.HasPrefix(call, "clone") && !threads.MatchString(args):
		return "starts a process"
	case slices.Contains(harmless, call):
		return ""
	case call == "execve" || call == "execveat":
		return "starts a program: " + args
	}
	return "calls " + call
}

// judgeOther is for lines that are no call: how threads end, also before a call of theirs began, and signals.
func (s sandbox) judgeOther(line string) string {
	ends := strings.HasPrefix(line, "+++ exited with ") || strings.HasPrefix(line, "exit_group(") || strings.HasPrefix(line, "exit(")
	if line == "" || line == "???( <unfinished ...>" || ends || strings.HasPrefix(line, "--- SIGURG ") {
		return ""
	}
	return "what is that?"
}

var (
	// named is what says of which file a call speaks: a folder that is open, or a name.
	named     = regexp.MustCompile(`(?:\d+|AT_FDCWD)<((?:[^>\\]|\\.)*)>|"((?:[^"\\]|\\.)*)"`)
	descended = regexp.MustCompile(`^(?:\d+|AT_FDCWD)<((?:[^>\\]|\\.)*)>`)
	writing   = regexp.MustCompile(`O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE`)
)

// paths are the files that a call names, as far as they can be told without asking the disk.
func (s sandbox) paths(args string) (list []string) {
	dir := s.work
	for _, m := range named.FindAllStringSubmatch(args, -1) {
		switch {
		case m[1] != "":
			dir = m[1]
		case filepath.IsAbs(m[2]):
			list = append(list, filepath.Clean(m[2]))
		default:
			list = append(list, filepath.Join(dir, m[2]))
		}
	}
	return list
}

func (s sandbox) inside(path string) bool {
	return path == s.root || strings.HasPrefix(path, s.root+"/")
}

func (s sandbox) judgeOpen(args, result string) string {
	paths := s.paths(args)
	if m := descended.FindStringSubmatch(result); m != nil {
		paths = append(paths, m[1]) // what was opened, wherever links led
	}
	if len(paths) == 0 {
		return "opens what nobody can tell: " + args
	}
	for _, path := range paths {
		switch {
		case writing.MatchString(args) && !s.mayWrite(path):
			return "opens for writing " + path
		case !s.inside(path) && !runtimeReads.MatchString(path):
			return "opens " + path
		}
	}
	return ""
}

// judgeLook lets a run look for rolewright.yaml and .git, and at the folders, on the way up from its files.
func (s sandbox) judgeLook(call, args string) string {
	for _, path := range s.paths(args)[:min(1, len(s.paths(args)))] { // what readlink found comes after it
		up := path
		if name := filepath.Base(path); slices.Contains([]string{"rolewright.yaml", "rolewright.yml", ".git"}, name) {
			up = filepath.Dir(path)
		}
		above := strings.HasPrefix(s.root+"/", strings.TrimSuffix(up, "/")+"/")
		if !above && !s.inside(path) && !runtimeReads.MatchString(path) {
			return fmt.Sprintf("looks (%s) at %s", call, path)
		}
	}
	return ""
}

func (s sandbox) judgeChange(call, args string) string {
	for _, path := range s.paths(args) {
		if !s.mayWrite(path) {
			return fmt.Sprintf("changes (%s) %s", call, path)
		}
	}
	return ""
}

// mayWrite allows the files that are to be written, and a new file beside each that is then put in its place.
func (s sandbox) mayWrite(path string) bool {
	for _, file := range s.write {
		beside := filepath.Dir(path) == filepath.Dir(file) && strings.HasPrefix(filepath.Base(path), ".rolewright-")
		if path == file || beside {
			return true
		}
	}
	return false
}

// TestSandboxBites: what the sandbox must see, it sees, and what every program does it lets pass.
func TestSandboxBites(t *testing.T) {
	s := sandbox{root: "/w/repo", work: "/w/repo", write: []string{"/w/repo/roles/a.yaml"}}
	for line, want := range map[string]string{
		`execve("/usr/bin/git", ["git", "status"], 0x7ffc /* 9 vars */) = 0`:                           "starts a program",
		`execve("/usr/bin/git", ["git"], 0x7ffc /* 9 vars */) = -1 ENOENT (No such file or directory)`: "starts a program",
		`clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}, 88) = 12`:                           "starts a process",
		`vfork() = 12`: "calls vfork",
		`socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3<TCP:[1]>`:                                             "calls socket",
		`connect(3<TCP:[1]>, {sa_family=AF_INET, sin_port=htons(443)}, 16) = -1 EINPROGRESS (Operation now in progress)`: "calls connect",
		`sendto(3<UDP:[1]>, "\1", 1, 0, NULL, 0) = 1`:                                                                    "calls sendto",
		`socket(AF_UNIX, SOCK_STREAM, 0) = 3<UNIX-STREAM:[1]>`:                                                           "calls socket",
		`openat(AT_FDCWD</w/repo>, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3</etc/passwd>`:                                  "opens /etc/passwd",
		`openat(AT_FDCWD</w/repo>, "../secret", O_RDONLY) = -1 ENOENT (No such file or directory)`:                       "opens /w/secret",
		`openat(7</w/repo/roles>, "out.yaml", O_RDONLY) = 9</etc/shadow>`:                                                "opens /etc/shadow",
		`openat(AT_FDCWD</w/repo>, "/w/repository/x", O_RDONLY) = 9</w/repository/x>`:                                    "opens /w/repository/x",
		`openat(AT_FDCWD</w/repo>, "/proc/self/mem", O_RDONLY) = 9</proc/self/mem>`:                                      "opens /proc/self/mem",
		`openat(AT_FDCWD</w/repo>, "roles/b.yaml", O_WRONLY|O_CREAT, 0644) = 9</w/repo/roles/b.yaml>`:                    "opens for writing",
		`openat(AT_FDCWD</w/repo>, "/tmp/x", O_RDWR|O_CREAT|O_EXCL, 0600) = 9</tmp/x>`:                                   "opens for writing",
		`unlinkat(7</w/repo/roles>, "b.yaml", 0) = 0`:                                                                    "changes (unlinkat)",
		`renameat(AT_FDCWD</w/repo>, "roles/a.yaml", AT_FDCWD</w/repo>, "../a.yaml") = 0`:                                "changes (renameat) /w/a.yaml",
		`symlinkat("/etc", 7</w/repo>, "x") = 0`:                                                                         "calls symlinkat",
		`newfstatat(AT_FDCWD</w/repo>, "/root/.netrc", {st_mode=S_IFREG|0600, st_size=1, ...}, 0) = 0`:                   "looks (newfstatat) at /root/.netrc",
		`readlink("/proc/self/cwd", "/x", 4096) = 2`:                                                                     "looks (readlink)",
		`ptrace(PTRACE_TRACEME) = 0`:                                                                                     "calls ptrace",
		`openat(AT_FDCWD</w/repo>, "/w/repo/a, \"b\", /../../../x", O_RDONLY) = -1 ENOENT (No such file or directory)`:   "opens /x",
		`gibberish`: "what is that?",
		`clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD, stack_size=0x7fff80} <unfinished ...>`:                                                    "starts a process",
		`openat(AT_FDCWD</w/repo>, "/etc/passwd", O_RDONLY <unfinished ...>`:                                                                                "opens /etc/passwd",
		`connect(3<TCP:[1]>, {sa_family=AF_INET}, 16 <unfinished ...>`:                                                                                      "calls connect",
		`clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0, stack_size=0x7fff80} <unfinished ...>`:                                                         "",
		`openat(7</w/repo/roles>, "a.yaml", O_RDONLY|O_NOFOLLOW|O_CLOEXEC) = 9</w/repo/roles/a.yaml>`:                                                       "",
		`openat(AT_FDCWD</w/repo>, "/w/repo/roles/.rolewright-12", O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC, 0600) = 9</w/repo/roles/.rolewright-12>`:                "",
		`renameat(AT_FDCWD</w/repo>, "/w/repo/roles/.rolewright-12", AT_FDCWD</w/repo>, "/w/repo/roles/a.yaml") = 0`:                                        "",
		`openat(AT_FDCWD</w/repo>, "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", O_RDONLY) = 3</sys/kernel/mm/transparent_hugepage/hpage_pmd_size>`: "",
		`newfstatat(AT_FDCWD</w/repo>, "/w/rolewright.yaml", 0xc1, AT_SYMLINK_NOFOLLOW) = -1 ENOENT (No such file or directory)`:                            "",
		`clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD}, 88) = 12`:                                                                 "",
		`--- SIGURG {si_signo=SIGURG, si_code=SI_TKILL, si_pid=1070, si_uid=0} ---`:                                                                         "",
		`+++ exited with 0 +++`:                 "",
		`exit_group(0)                     = ?`: "",
	} {
		got := s.judge(line)
		if want == "" && got != "" || !strings.HasPrefix(got, want) {
			t.Errorf("%s\nis said to be %q, want %q", line, got, want)
		}
	}
}
