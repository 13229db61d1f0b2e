package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// eachLine splits as the runner's reader does: LF, CR and CR LF end a line.
func eachLine(r io.Reader, line func(string)) {
	var current strings.Builder
	in, afterCR, pending := bufio.NewReader(r), false, false
	for {
		b, err := in.ReadByte()
		if err != nil {
			break
		}
		switch {
		case b == '\n' && afterCR:
			afterCR = false
			continue
		case b == '\n' || b == '\r':
			line(current.String())
			current.Reset()
			pending = false
		default:
			current.WriteByte(b)
			pending = true
		}
		afterCR = b == '\r'
	}
	if pending {
		line(current.String())
	}
}

// built is what "go build" steps left in RUNNER_TEMP: the program is built once per test process.
var built struct {
	sync.Mutex
	files map[string]map[string][]byte // by the action's folder and the step
}

// build runs a "go build" step, or puts in place what it made in an earlier run.
func (j *actionJob) build(step actionStep) {
	j.t.Helper()
	built.Lock()
	defer built.Unlock()
	key := fmt.Sprint(j.dir, step)
	if files, ok := built.files[key]; ok {
		j.putBuilt(files)
		return
	}
	j.script(step)
	if j.run.failed {
		return
	}
	if built.files == nil {
		built.files = map[string]map[string][]byte{}
	}
	built.files[key] = j.filesBelowTemp()
}

// putBuilt writes executables. While one is open for writing no process may be forked: the child
// would hold it open for a moment, and "text file busy" would meet whoever starts it then.
func (j *actionJob) putBuilt(files map[string][]byte) {
	j.t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	for name, data := range files {
		path := filepath.Join(j.temp, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			j.t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o755); err != nil {
			j.t.Fatal(err)
		}
	}
}

func (j *actionJob) filesBelowTemp() map[string][]byte {
	j.t.Helper()
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(j.temp), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[name], err = os.ReadFile(filepath.Join(j.temp, name))
		return err
	})
	if err != nil {
		j.t.Fatal(err)
	}
	return files
}

// runnerEnv is the environment of a job on GitHub, as far as the program looks at it. Nothing of
// the test's own is in it but what Go needs to build without a network.
func runnerEnv(t *testing.T, action, temp string, more map[string]string) map[string]string {
	t.Helper()
	event := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(event, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": t.TempDir(), "CI": "true", "GITHUB_ACTIONS": "true",
		"GITHUB_ACTION_PATH": action, "GITHUB_WORKSPACE": t.TempDir(), "GITHUB_EVENT_PATH": event,
		"GITHUB_EVENT_NAME": "workflow_dispatch", "GITHUB_REPOSITORY": "acme/access", "GITHUB_ACTOR": "ana",
		"GITHUB_REF": "refs/heads/main", "GITHUB_REF_NAME": "main", "GITHUB_SHA": strings.Repeat("5", 40),
		"GITHUB_RUN_ID": "1", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_WORKFLOW": "roles", "GITHUB_JOB": "roles",
		"GITHUB_SERVER_URL": "https://github.com", "GITHUB_API_URL": unreachable, "GITHUB_GRAPHQL_URL": unreachable,
		"RUNNER_TEMP": temp, "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64",
		"HTTP_PROXY": unreachable, "HTTPS_PROXY": unreachable, "NO_PROXY": "127.0.0.1,localhost,::1",
	}
	maps.Copy(env, goEnv())
	maps.Copy(env, more)
	return env
}

// unreachable is where requests end that no test meant to make.
const unreachable = "http://127.0.0.1:9"

var goEnv = sync.OnceValue(func() map[string]string {
	env := map[string]string{}
	out, err := exec.Command("go", "env", "-json", "GOCACHE", "GOMODCACHE", "GOTOOLCHAIN").Output()
	if err == nil {
		err = json.Unmarshal(out, &env)
	}
	if err != nil {
		panic(err)
	}
	return env
})
