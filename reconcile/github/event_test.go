package github

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
)

var update = flag.Bool("update", false, "rewrite testdata/events.golden")

// fixture is a file in testdata/events: the variables of a run, and its payload.
type fixture struct {
	Env     map[string]string `json:"env"`
	Payload json.RawMessage   `json:"payload"`
}

func runnerEnv(change map[string]string) map[string]string {
	env := map[string]string{
		"GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": "/home/runner/work/_temp/event.json", "GITHUB_REPOSITORY": repository,
		"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": headSHA, "GITHUB_ACTOR": "ana", "GITHUB_RUN_ID": "6000000000", "GITHUB_RUN_ATTEMPT": "1",
		"GITHUB_SERVER_URL": "https://github.com", "GITHUB_API_URL": "https://api.github.com", "GITHUB_GRAPHQL_URL": "https://api.github.com/graphql",
	}
	maps.Copy(env, change)
	return env
}

func readEvent(env map[string]string, payload string) (*Event, error) {
	return ReadEvent(func(name string) string { return env[name] }, func(path string) ([]byte, error) {
		if path != env["GITHUB_EVENT_PATH"] {
			return nil, fmt.Errorf("asked for %s", path)
		}
		return []byte(payload), nil
	})
}

// TestEvents reads every fixture and compares what was read, and whether it may apply.
func TestEvents(t *testing.T) {
	files, err := filepath.Glob("testdata/events/*.json")
	if err != nil || len(files) < 24 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	var out strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var f fixture
		if err := json.Unmarshal(data, &f); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		e, err := readEvent(runnerEnv(f.Env), string(f.Payload))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out.WriteString(inWords(strings.TrimSuffix(filepath.Base(file), ".json"), e))
	}
	const golden = "testdata/events.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("run with -update and read the difference:\n%s", diff)
	}
}

func inWords(name string, e *Event) string {
	verdict := "apply: allowed"
	if err := e.MayApply(); err != nil {
		verdict = err.Error() + "\n  hint: " + hint(err)
	}
	text := fmt.Sprintf("== %s\n  %s %q on %s %s, default %q\n", name, e.Name, e.Action, e.Repository, e.Ref, e.DefaultBranch)
	if p := e.PullRequest; p != nil {
		text += fmt.Sprintf("  pull request %+v\n", *p)
	}
	if w := e.WorkflowRun; w != nil {
		text += fmt.Sprintf("  follows %+v\n", *w)
	}
	return text + "  " + verdict + "\n"
}

// TestOnlyTheseMayApply lists the fixtures that may, so that a golden file rewritten in haste does
// not open a door.
func TestOnlyTheseMayApply(t *testing.T) {
	golden, err := os.ReadFile("testdata/events.golden")
	if err != nil {
		t.Fatal(err)
	}
	var allowed []string
	for block := range strings.SplitSeq(string(golden), "== ") {
		if strings.Contains(block, "apply: allowed") {
			name, _, _ := strings.Cut(block, "\n")
			allowed = append(allowed, name)
		}
	}
	want := []string{
		"push_main", "repository_dispatch_main", "schedule_main", "schedule_main_bare", "workflow_dispatch_main", "workflow_run_main",
	}
	if !slices.Equal(allowed, want) {
		t.Errorf("allowed are %q, want %q", allowed, want)
	}
}

func TestEventErrors(t *testing.T) {
	for name, test := range map[string]struct {
		env     map[string]string
		payload string
		want    string
	}{
		"no run":            {map[string]string{"GITHUB_EVENT_NAME": ""}, "{}", "GITHUB_EVENT_NAME: is not set"},
		"odd name":          {map[string]string{"GITHUB_EVENT_NAME": "push\n::error::"}, "{}", "is no event"},
		"odd repository":    {map[string]string{"GITHUB_REPOSITORY": "acme/../x"}, "{}", "GITHUB_REPOSITORY"},
		"no repository":     {map[string]string{"GITHUB_REPOSITORY": ""}, "{}", "GITHUB_REPOSITORY"},
		"odd commit":        {map[string]string{"GITHUB_SHA": "--upload-pack=x"}, "{}", "GITHUB_SHA"},
		"odd server":        {map[string]string{"GITHUB_SERVER_URL": "javascript:alert(1)"}, "{}", "GITHUB_SERVER_URL"},
		"http server":       {map[string]string{"GITHUB_SERVER_URL": "http://github.com"}, "{}", "not https"},
		"odd run":           {map[string]string{"GITHUB_RUN_ID": "1e5"}, "{}", "GITHUB_RUN_ID"},
		"negative attempt":  {map[string]string{"GITHUB_RUN_ATTEMPT": "-1"}, "{}", "GITHUB_RUN_ATTEMPT"},
		"attempt too large": {map[string]string{"GITHUB_RUN_ATTEMPT": "99999999999999999999"}, "{}", "GITHUB_RUN_ATTEMPT"},
		"no path":           {map[string]string{"GITHUB_EVENT_PATH": ""}, "{}", "GITHUB_EVENT_PATH: is not set"},
		"empty":             {nil, "", "not JSON"},
		"not JSON":          {nil, "<html>", "not JSON"},
		"two values":        {nil, "{}{}", "not JSON"},
		"null":              {nil, "null", "is null"},
		"a list":            {nil, "[]", "not JSON as GitHub writes it"},
		"another type":      {nil, `{"pull_request":{"number":"seven"}}`, "not JSON as GitHub writes it"},
		"deep":              {nil, strings.Repeat("[", 20_000), "not JSON"},
		"an option":         {nil, `{"pull_request":{"number":7,"head":{"sha":"--output=x"},"base":{"sha":"` + baseSHA + `"}}}`, "hexadecimal"},
		"an option, again":  {nil, `{"workflow_run":{"head_sha":"` + headSHA + `","pull_requests":[{"head":{"sha":"-x"}}]}}`, "hexadecimal"},
		"huge":              {nil, strings.Repeat(" ", maxEvent) + "{}", "are the most"},
	} {
		e, err := readEvent(runnerEnv(test.env), test.payload)
		typed, ok := errors.AsType[*EventError](err)
		if !ok || e != nil || !strings.Contains(err.Error(), test.want) || typed.Hint() == "" || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := ReadEvent(func(name string) string { return runnerEnv(nil)[name] }, func(string) ([]byte, error) { return nil, os.ErrNotExist })
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(hint(err), "container") {
		t.Errorf("missing file: %v, hint %q", err, hint(err))
	}
}

func TestEventDefaults(t *testing.T) {
	e, err := readEvent(map[string]string{"GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": "x", "GITHUB_REPOSITORY": repository}, "{}")
	if err != nil {
		t.Fatal(err)
	}
	want := &Event{Name: "push", Repository: repository, ServerURL: "https://github.com", APIURL: DefaultAPIURL}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
}

func TestRunURL(t *testing.T) {
	for _, test := range []struct {
		env  map[string]string
		want string
	}{
		{nil, "https://github.com/acme/access/actions/runs/6000000000"},
		{map[string]string{"GITHUB_RUN_ATTEMPT": "3"}, "https://github.com/acme/access/actions/runs/6000000000/attempts/3"},
		{map[string]string{"GITHUB_SERVER_URL": "https://ghe.example.com/"}, "https://ghe.example.com/acme/access/actions/runs/6000000000"},
		{map[string]string{"GITHUB_RUN_ID": ""}, ""},
	} {
		e, err := readEvent(runnerEnv(test.env), "{}")
		if err != nil || e.RunURL() != test.want {
			t.Errorf("%v: %q, %v; want %q", test.env, e.RunURL(), err, test.want)
		}
	}
}

func FuzzEvent(f *testing.F) {
	files, _ := filepath.Glob("testdata/events/*.json")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var one fixture
		if err := json.Unmarshal(data, &one); err != nil {
			f.Fatal(err)
		}
		f.Add(runnerEnv(one.Env)["GITHUB_EVENT_NAME"], []byte(one.Payload))
	}
	f.Fuzz(func(t *testing.T, name string, payload []byte) {
		defer fuzzing.Timed(t)()
		e, err := readEvent(runnerEnv(map[string]string{"GITHUB_EVENT_NAME": name}), string(payload))
		if err != nil {
			if _, ok := errors.AsType[*EventError](err); !ok {
				t.Errorf("error %T %v", err, err)
			}
			return
		}
		if e.MayApply() == nil && (strings.Contains(name, "pull_request") || e.Ref != "refs/heads/"+e.DefaultBranch || e.WorkflowRun != nil && name == "workflow_run" && e.WorkflowRun.Fork) {
			t.Errorf("%s may apply: %+v", name, e)
		}
		if p := e.PullRequest; p != nil && p.Head != "" && checkCommit(p.Head) != nil {
			t.Errorf("head %q", p.Head)
		}
	})
}
