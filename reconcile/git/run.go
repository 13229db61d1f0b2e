package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
)

// runner starts git in one folder.
type runner struct {
	ctx     context.Context
	dir     string
	program string
	env     []string
}

func newRunner(ctx context.Context, dir string, o Options) runner {
	r := runner{ctx: ctx, dir: dir, program: o.Program, env: environment(o.Getenv)}
	if r.program == "" {
		r.program = "git"
	}
	return r
}

// guards come before every command. What the repository's configuration says on these matters
// does not count. safe.bareRepository keeps git from taking a folder that was committed for a
// repository of its own, with a configuration of its own.
var guards = []string{
	"--no-pager", "--no-replace-objects", "--literal-pathspecs", "--no-optional-locks",
	"-c", "safe.bareRepository=explicit",
	"-c", "core.fsmonitor=false",
	"-c", "core.hooksPath=" + os.DevNull,
	"-c", "protocol.allow=never",
}

// kept are the variables that git gets from outside: where it and its helpers are, where the user's
// own configuration is (safe.directory stands there), and what Windows cannot do without.
var kept = []string{
	"PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "TMP", "TEMP",
	"SYSTEMROOT", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "PATHEXT", "COMSPEC",
}

// environment is made of what is kept and of what makes git quiet: it speaks English, asks nobody,
// and reaches nothing, not even to fetch objects that a partial clone left out. GIT_ALLOW_PROTOCOL
// says so to versions that do not know GIT_NO_LAZY_FETCH, and outweighs the configuration.
func environment(getenv func(string) string) []string {
	env := []string{
		"LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS=", "GIT_PAGER=cat",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=", "GIT_OPTIONAL_LOCKS=0", "GIT_LITERAL_PATHSPECS=1",
	}
	if getenv == nil {
		return env
	}
	for _, name := range kept {
		if value := getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// command is git with these arguments, which are never the user's. It is ended with the context.
func (r runner) command(args ...string) (*exec.Cmd, *said) {
	cmd := exec.CommandContext(r.ctx, r.program, append(append([]string{}, guards...), args...)...)
	words := &said{}
	cmd.Dir, cmd.Env, cmd.Stderr = r.dir, r.env, words
	cmd.WaitDelay = time.Second // whatever git started itself must not hold us up
	return cmd, words
}

// output runs git and returns what it prints.
func (r runner) output(args ...string) (string, error) {
	cmd, said := r.command(args...)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return "", r.failed(args[0], err, said.String())
	}
	return out.String(), nil
}

// failed tells apart what kept git from answering.
func (r runner) failed(command string, err error, said string) error {
	switch {
	case r.ctx.Err() != nil:
		return fmt.Errorf("git %s: %w", command, r.ctx.Err())
	case errors.Is(err, exec.ErrNotFound):
		return &NotInstalledError{Program: r.program}
	case strings.Contains(said, "dubious ownership"), strings.Contains(said, "unsafe repository"):
		return &OwnershipError{Dir: repositoryIn(said, r.dir)}
	case strings.Contains(said, "not a git repository"):
		return &NotRepositoryError{Dir: r.dir}
	case strings.Contains(said, "bare repository"):
		return &NotRepositoryError{Dir: r.dir, Bare: true}
	case strings.Contains(said, "promisor"), refusedTransport().MatchString(said):
		return &MissingError{}
	}
	if said = strings.TrimSpace(said); said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return fmt.Errorf("git %s: %w", command, err)
}

// refusedTransport is what git says when it would fetch an object that is not there. A git that the
// fetching has left may die of its broken pipe before it says that the object is missing.
var refusedTransport = pattern.Lazy(`transport '[^'\n]*' not allowed`)

var quotedPath = pattern.Lazy(`repository (?:at )?\(?'([^'\n]+)'`)

// repositoryIn returns the repository that git's words on its owner name, or folder.
func repositoryIn(said, folder string) string {
	if found := quotedPath().FindStringSubmatch(said); found != nil {
		return found[1]
	}
	return folder
}

// exitCode returns the exit code that err tells of, or -1.
func exitCode(err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	return -1
}

// said keeps the beginning of what git says, which names the cause.
type said struct{ text []byte }

const maxSaid = 2048

// Write takes everything and keeps what there is room for.
func (t *said) Write(p []byte) (int, error) {
	t.text = append(t.text, p[:min(len(p), maxSaid-len(t.text))]...)
	return len(p), nil
}

func (t *said) String() string { return strings.ToValidUTF8(string(t.text), "?") }
