package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// The harness runs a composite action as GitHub's runner does: it takes the steps of action.yml
// literally, evaluates their expressions, reads the files that they write for the runner, and obeys
// the workflow commands in what they print. What it cannot do it refuses; it never guesses. Steps
// that use another action are left out, with a note.

// actionRun is what one use of an action leaves behind.
type actionRun struct {
	outputs  map[string]string // of the action, as the next step of the job sees them
	summary  string            // the job's summary
	log      string            // what both streams print, masked, without the commands that were obeyed
	raw      string            // what the programs wrote, unmasked
	commands []runnerCommand   // the commands that were obeyed, in order
	env      map[string]string // what later steps of the job would get through GITHUB_ENV
	path     []string          // and through GITHUB_PATH
	notes    []string          // what the harness left out
	exit     int               // exit code of the step that failed
	failed   bool
}

// annotations are the obeyed errors, warnings and notices.
func (r *actionRun) annotations() []runnerCommand {
	return slices.DeleteFunc(slices.Clone(r.commands), func(c runnerCommand) bool {
		return c.name != "error" && c.name != "warning" && c.name != "notice"
	})
}

// runAction runs this repository's action with the inputs that a workflow would give. env adds to
// the environment of the job and overrides it; without more, the run is of no event, in an empty
// workspace, and nothing can be reached but the loopback.
func runAction(t *testing.T, inputs, env map[string]string) *actionRun {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return runComposite(t, root, inputs, env)
}

// actionFile is the part of action.yml that the harness knows. Other keys are refused.
type actionFile struct {
	Name, Description, Author string
	Branding                  map[string]string
	Inputs                    map[string]actionInput
	Outputs                   map[string]actionOutput
	Runs                      struct {
		Using string
		Steps []actionStep
	}
}

type actionInput struct {
	Description, Default string
	Required             bool
}

type actionOutput struct{ Description, Value string }

type actionStep struct {
	ID, Name, If, Uses, Run, Shell string
	WorkingDirectory               string `yaml:"working-directory"`
	With, Env                      map[string]string
}

func readAction(dir string) (*actionFile, error) {
	f, err := os.Open(filepath.Join(dir, "action.yml"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	decoder := yaml.NewDecoder(f)
	decoder.KnownFields(true)
	action := &actionFile{}
	if err := decoder.Decode(action); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	if action.Runs.Using != "composite" {
		return nil, fmt.Errorf("%s: using %q, want composite", f.Name(), action.Runs.Using)
	}
	return action, nil
}

// actionJob is one run in the making.
type actionJob struct {
	t      *testing.T
	dir    string // of the action
	temp   string // RUNNER_TEMP
	env    map[string]string
	inputs map[string]string
	steps  map[string]any
	log    *runnerLog
	run    *actionRun
}

func runComposite(t *testing.T, dir string, inputs, env map[string]string) *actionRun {
	t.Helper()
	action, err := readAction(dir)
	if err != nil {
		t.Fatal(err)
	}
	j := &actionJob{
		t: t, dir: dir, temp: t.TempDir(), inputs: maps.Clone(inputs), steps: map[string]any{},
		log: &runnerLog{}, run: &actionRun{outputs: map[string]string{}, env: map[string]string{}},
	}
	j.env = runnerEnv(t, dir, j.temp, env)
	j.defaults(action)
	for _, step := range action.Runs.Steps {
		j.step(step)
	}
	for name, output := range action.Outputs {
		j.run.outputs[name] = j.expand(output.Value, nil)
	}
	j.run.log, j.run.raw = strings.Join(j.log.lines, "\n"), strings.Join(j.log.raw, "\n")
	j.run.summary = j.log.masked(j.run.summary)
	j.run.commands = j.log.commands
	return j.run
}

// defaults completes the inputs. The runner keeps names that the action does not declare, warns of
// them, and takes any letter case.
func (j *actionJob) defaults(action *actionFile) {
	if j.inputs == nil {
		j.inputs = map[string]string{}
	}
	for name := range j.inputs {
		if _, known := exprMember(lowerKeys(action.Inputs), name); !known {
			j.log.print(fmt.Sprintf("##[warning]Unexpected input(s) '%s'", name))
		}
	}
	for name, input := range action.Inputs {
		if _, given := exprMember(j.inputs, name); !given {
			j.inputs[name] = j.expand(input.Default, nil)
		}
	}
}

func lowerKeys[V any](m map[string]V) map[string]any {
	keys := map[string]any{}
	for k := range m {
		keys[strings.ToLower(k)] = true
	}
	return keys
}

// step runs one step, unless its condition or its kind forbids.
func (j *actionJob) step(step actionStep) {
	j.t.Helper()
	run, err := j.scope(nil).holds(step.If)
	if err != nil {
		j.t.Fatalf("action.yml: if: %s: %v", step.If, err)
	}
	switch {
	case !run:
		j.run.notes = append(j.run.notes, "skipped by its condition: "+step.Uses+step.Run)
	case step.Uses != "":
		j.run.notes = append(j.run.notes, "left out: uses "+step.Uses)
	case strings.HasPrefix(step.Run, "go build ") && !strings.Contains(step.Run, "${{"):
		j.build(step)
	default:
		j.script(step)
	}
}

// script runs a step's script in its shell and takes what it wrote for the runner.
func (j *actionJob) script(step actionStep) {
	j.t.Helper()
	env := map[string]string{}
	for name, value := range step.Env {
		env[name] = j.expand(value, nil)
	}
	files := newRunnerFiles(j.t)
	j.log.outputs, j.log.failed = map[string]string{}, false
	code := j.execute(step, env, files)
	if code != 0 {
		j.log.fail(fmt.Sprintf("Process completed with exit code %d.", code))
	}
	j.collect(step, files)
	if j.log.failed && !j.run.failed {
		j.run.failed, j.run.exit = true, code
	}
}

// collect reads the files that a step wrote for the runner.
func (j *actionJob) collect(step actionStep, files runnerFiles) {
	outputs, err := parsePairs(files.text("GITHUB_OUTPUT"))
	if err != nil {
		j.log.fail("Unable to process file command 'output' successfully: " + err.Error())
	}
	maps.Copy(j.log.outputs, outputs)
	if step.ID != "" {
		j.steps[step.ID] = map[string]any{"outputs": j.log.outputs}
	}
	env, err := parsePairs(files.text("GITHUB_ENV"))
	if err != nil {
		j.log.fail("Unable to process file command 'env' successfully: " + err.Error())
	}
	maps.Copy(j.run.env, env)
	maps.Copy(j.env, env)
	j.run.path = append(j.run.path, files.path()...)
	summary, err := files.summary()
	if err != nil {
		j.log.print("##[error]" + err.Error()) // the runner drops the summary, and the step goes on
	}
	j.run.summary += summary
}

// execute runs the script and returns its exit code.
func (j *actionJob) execute(step actionStep, env map[string]string, files runnerFiles) int {
	j.t.Helper()
	script := filepath.Join(j.t.TempDir(), "script.sh")
	if err := os.WriteFile(script, []byte(j.expand(step.Run, env)), 0o600); err != nil {
		j.t.Fatal(err)
	}
	argv := shellCommand(j.t, step.Shell, script)
	cmd := exec.CommandContext(j.t.Context(), argv[0], argv[1:]...)
	cmd.Dir = filepath.Join(j.env["GITHUB_WORKSPACE"], step.WorkingDirectory)
	cmd.WaitDelay = 10 * time.Second
	for _, vars := range []map[string]string{j.env, env, files} {
		for name, value := range vars {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	j.stream(cmd)
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		j.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// stream starts the command and feeds the log with the lines of both its streams: the runner obeys
// commands on either.
func (j *actionJob) stream(cmd *exec.Cmd) {
	j.t.Helper()
	var readers sync.WaitGroup
	var one sync.Mutex
	for _, pipe := range []func() (io.ReadCloser, error){cmd.StdoutPipe, cmd.StderrPipe} {
		r, err := pipe()
		if err != nil {
			j.t.Fatal(err)
		}
		readers.Go(func() {
			eachLine(r, func(line string) {
				one.Lock()
				defer one.Unlock()
				j.log.line(line)
			})
		})
	}
	if err := cmd.Start(); err != nil {
		j.t.Fatal(err)
	}
	readers.Wait()
}

// shellCommand is the command line of a step's shell, which has to say where the script stands or be
// one whose way the runner knows.
func shellCommand(t *testing.T, shell, script string) []string {
	t.Helper()
	switch shell {
	case "bash":
		shell = "bash --noprofile --norc -e -o pipefail {0}"
	case "sh":
		shell = "sh -e {0}"
	}
	if !strings.Contains(shell, "{0}") {
		t.Fatalf("action.yml: shell %q: a composite step has to name its shell, and where the script goes", shell)
	}
	argv := strings.Fields(shell)
	for i := range argv {
		argv[i] = strings.ReplaceAll(argv[i], "{0}", script)
	}
	return argv
}

func (j *actionJob) expand(text string, env map[string]string) string {
	j.t.Helper()
	out, err := j.scope(env).expand(text)
	if err != nil {
		j.t.Fatalf("action.yml: %v", err)
	}
	return out
}

// harnessToken is the job's github.token. It opens nothing.
const harnessToken = "ghs_of-the-harness"

// scope builds the contexts. What the job's environment says is what the github and runner contexts say.
func (j *actionJob) scope(env map[string]string) runnerScope {
	github := map[string]any{"token": harnessToken}
	runner := map[string]any{}
	for name, value := range j.env {
		if rest, ok := strings.CutPrefix(name, "GITHUB_"); ok {
			github[strings.ToLower(rest)] = value
		}
		if rest, ok := strings.CutPrefix(name, "RUNNER_"); ok {
			runner[strings.ToLower(rest)] = value
		}
	}
	return runnerScope{failed: j.run.failed, contexts: map[string]any{
		"inputs": j.inputs, "github": github, "runner": runner, "steps": j.steps, "env": env,
	}}
}
