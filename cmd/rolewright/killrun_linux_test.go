package main

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// killRun is one process of the program.
type killRun struct {
	cmd      *exec.Cmd
	point    killPoint
	begun    chan struct{} // closed once there is a process
	ended    chan struct{} // closed once there is none
	out, err string

	requests, conflicts, busy int   // under the world's lock
	writes                    []int // the numbers of the requests that are not for reading alone
}

// run runs the program until it ends or its point has come, and checks whatever holds of every run.
func (w *killWorld) run(p killPoint, args ...string) *killRun {
	w.t.Helper()
	r := &killRun{cmd: exec.Command(w.program, args...), point: p, begun: make(chan struct{}), ended: make(chan struct{})}
	r.cmd.Dir, r.cmd.Env = w.log, w.env(args)
	if p.moment == "never" {
		r.cmd.Env = append(r.cmd.Env, "GOGC=off") // a quarter cheaper, for what is so short
	}
	for _, name := range []string{"summary", "outputs"} {
		w.ok(os.RemoveAll(w.path(name))) // the runner gives every step its own
	}
	var out, err bytes.Buffer
	r.cmd.Stdout, r.cmd.Stderr = &out, &err
	narrow := w.narrow(r)
	w.mu.Lock()
	w.now = r
	w.mu.Unlock()
	w.ok(r.cmd.Start())
	close(r.begun)
	switch {
	case narrow != nil:
		go r.attend(time.Millisecond, w.stalled(r, narrow))
	case p.moment == "time":
		at := time.Now().Add(w.took * time.Duration(p.n) / time.Duration(p.of))
		go r.attend(100*time.Microsecond, func() bool { return time.Now().After(at) })
	case p.moment == "journal":
		go r.attend(100*time.Microsecond, func() bool { return w.lines() >= p.n })
	}
	_ = r.cmd.Wait() // the state of the process says it
	close(r.ended)
	w.settle(r)
	r.out, r.err = out.String(), err.String()
	switch p.moment {
	case "stdout":
		r.out = w.rest(narrow)
	case "stderr":
		r.err = w.rest(narrow)
	case "summary", "outputs":
		text := w.rest(narrow)
		w.ok(os.Remove(w.path(p.moment)))
		w.ok(os.WriteFile(w.path(p.moment), []byte(text), 0o600))
	}
	w.noToken(r)
	return r
}

// settle waits until every request of a process that has ended is answered and its connections are closed,
// and lets what is overdue come.
func (w *killWorld) settle(r *killRun) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for r.busy > 0 || w.open > 0 {
		w.idle.Wait()
	}
	if w.overdue != nil && r.point.moment == "never" {
		w.overdue()
		w.overdue = nil
	}
	if w.plan.local {
		w.ok(w.load())
	}
	w.watch()
}

// lines counts the whole lines of the journal so far.
func (w *killWorld) lines() int { return strings.Count(w.read("journal"), "\n") }

// kill ends the process, as nothing can prevent it, and returns when it is gone.
func (r *killRun) kill() {
	<-r.begun
	_ = r.cmd.Process.Kill() // it may have ended by itself
	<-r.ended
}

// attend kills the process as soon as its time has come; it looks that often.
func (r *killRun) attend(each time.Duration, come func() bool) {
	for {
		select {
		case <-r.ended:
			return
		case <-time.After(each):
		}
		if come() {
			r.kill()
			return
		}
	}
}

// masked are the lines by which a step tells the runner what to hide in its log.
var masked = regexp.MustCompile(`(?m)^::add-mask::.*\n`)

// noToken checks that no file and no output has a token in it.
func (w *killWorld) noToken(r *killRun) {
	w.t.Helper()
	out := r.out
	if w.plan.action {
		out = masked.ReplaceAllString(out, "")
	}
	if strings.Contains(out+r.err, killCanary) {
		w.wrong("a token is printed:\n%s%s", out, r.err)
	}
	for _, c := range w.comments() {
		if strings.Contains(c.Body, killCanary) {
			w.wrong("a token is in a comment:\n%s", c.Body)
		}
	}
	for _, dir := range []string{w.dir, w.log} {
		w.ok(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			if bytes.Contains(data, []byte(killCanary)) {
				w.wrong("a token is in %s:\n%s", path, data)
			}
			return err
		}))
	}
}

// gate is an output into which only so many bytes fit before whoever writes has to wait.
type gate struct {
	read, write *os.File
	fill, size  int
}

// narrow makes the output of the run's point one that takes only so many bytes; nil without such a point.
func (w *killWorld) narrow(r *killRun) *gate {
	w.t.Helper()
	switch r.point.moment {
	case "stdout", "stderr":
		read, write, err := os.Pipe()
		w.ok(err)
		if r.point.moment == "stdout" {
			r.cmd.Stdout = write
		} else {
			r.cmd.Stderr = write
		}
		return w.newGate(read, write, r.point.n)
	case "summary", "outputs":
		w.ok(syscall.Mkfifo(w.path(r.point.moment), 0o600))
		both, err := os.OpenFile(w.path(r.point.moment), os.O_RDWR, 0)
		w.ok(err)
		return w.newGate(both, both, r.point.n)
	}
	return nil
}

func (w *killWorld) newGate(read, write *os.File, free int) *gate {
	w.t.Helper()
	const getPipeSize = 1032 // F_GETPIPE_SZ
	size, _, errno := syscall.Syscall(syscall.SYS_FCNTL, write.Fd(), getPipeSize, 0)
	if errno != 0 {
		w.t.Fatal(errno)
	}
	g := &gate{read, write, int(size) - free, int(size)}
	_, err := write.Write(make([]byte, g.fill))
	w.ok(err)
	return g
}

// there is how many bytes nobody has read.
func (g *gate) there() int {
	const bytesThere = 0x541b // FIONREAD
	var n int32
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, g.read.Fd(), bytesThere, uintptr(unsafe.Pointer(&n))); errno != 0 {
		panic(errno)
	}
	return int(n)
}

// stalled returns what reports whether the run waits for somebody to read: nothing has moved for a while. A
// write that does not fit in waits as a whole, so that the bytes alone do not say it.
func (w *killWorld) stalled(r *killRun, g *gate) func() bool {
	since, last := time.Now(), [2]int{}
	return func() bool {
		w.mu.Lock()
		now := [2]int{g.there(), r.requests}
		busy := r.busy > 0
		w.mu.Unlock()
		if now != last || busy {
			since, last = time.Now(), now
		}
		return time.Since(since) > patience[now == [2]int{g.fill, 0}]
	}
}

// patience is how long nothing moves in a run that waits; at first it has to start.
var patience = map[bool]time.Duration{false: 25 * time.Millisecond, true: 250 * time.Millisecond}

// rest returns what was written, once nobody writes any more.
func (w *killWorld) rest(g *gate) string {
	w.t.Helper()
	text := make([]byte, g.there())
	_, err := io.ReadFull(g.read, text)
	w.ok(err)
	w.ok(g.read.Close())
	if g.write != g.read {
		w.ok(g.write.Close())
	}
	return string(text[g.fill:])
}

// args is the plan's command.
func (w *killWorld) args(p killPoint) []string {
	if w.plan.action {
		return []string{"action"}
	}
	args := []string{"apply", "--parallelism", strconv.Itoa(p.width)}
	if p.fate != "none" {
		args = append(args, "--journal", w.path("journal"))
	}
	if p.verbose {
		args = append(args, "--verbose")
	}
	if w.plan.saved {
		return append(args, "--workspace", w.dir, w.path("plan.json"))
	}
	return append(args, "--auto-approve", "--target", w.target(), w.dir)
}

// env is the environment of a process: nothing of ours, and all that the runner gives to a step.
func (w *killWorld) env(args []string) []string {
	env := []string{"HOME=" + w.log, "NO_COLOR=1", "LAUNCHDARKLY_API_HOST=" + w.host, "LAUNCHDARKLY_ACCESS_TOKEN=" + killToken}
	if args[0] != "action" {
		return env
	}
	inputs, err := json.Marshal(map[string]string{"command": "apply", "path": w.dir})
	w.ok(err)
	event, err := json.Marshal(payload("push", map[string]string{"ref": "refs/heads/main", "sha": mergedSHA}))
	w.ok(err)
	w.ok(os.WriteFile(w.path("event.json"), event, 0o600))
	return append(env,
		"ROLEWRIGHT_INPUTS="+string(inputs), "GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=push", "GITHUB_EVENT_PATH="+w.path("event.json"),
		"GITHUB_SHA="+mergedSHA, "GITHUB_REF=refs/heads/main", "GITHUB_RUN_ID=100", "GITHUB_RUN_ATTEMPT=1", "GITHUB_REPOSITORY=acme/access",
		"GITHUB_TOKEN="+killHubToken, "GITHUB_API_URL="+w.hubURL, "GITHUB_GRAPHQL_URL="+w.hubURL+"/graphql", "GITHUB_SERVER_URL=https://github.com",
		"GITHUB_STEP_SUMMARY="+w.path("summary"), "GITHUB_OUTPUT="+w.path("outputs"), "GITHUB_WORKSPACE="+w.dir, "RUNNER_TEMP="+w.log)
}

func (w *killWorld) path(name string) string { return filepath.Join(w.log, name) }

func (w *killWorld) read(name string) string {
	data, err := os.ReadFile(w.path(name))
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	return string(data)
}
