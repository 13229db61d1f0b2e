package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRunnerReadsCommands(t *testing.T) {
	for _, tc := range []struct {
		line string
		want string // "name|properties|data", "" for text
	}{
		{"::error file=a.yaml,line=3::it is %25 wrong%0Aand long", "error|file=a.yaml line=3|it is % wrong\nand long"},
		{"  \t::warning::x ", "warning||x "},
		{"::ERROR::x", "error||x"},
		{"::error title=a%3Ab%2Cc%0D::x", "error|title=a:b,c\r|x"},
		{"::notice title=::x", "notice||x"},
		{"::error::a%250Ab", "error||a%0Ab"},
		{"text ::error::x", ""},
		{"::error:: ##[warning]x", "error|| ##[warning]x"},
		{"text ##[warning]x", "warning||x"},
		{"##[set-output name=a;b=c%3Bd]v%5D", "set-output|b=c;d name=a|v]"},
		{"::unheard-of::x", ""},
		{"::error", ""},
		{"::", ""},
		{"##[error", ""},
		{"", ""},
	} {
		got := ""
		if c, ok := parseCommand(tc.line, ""); ok {
			var properties []string
			for _, k := range slices.Sorted(maps.Keys(c.properties)) {
				properties = append(properties, k+"="+c.properties[k])
			}
			got = c.name + "|" + strings.Join(properties, " ") + "|" + c.data
		}
		if got != tc.want {
			t.Errorf("%q: %q, want %q", tc.line, got, tc.want)
		}
	}
}

func TestRunnerObeysCommands(t *testing.T) {
	l := &runnerLog{outputs: map[string]string{}}
	for _, line := range []string{
		"the hush before",
		"::add-mask::hush%0Asecond line",
		"the hush after, and its second line",
		"::add-mask:: ",
		"::stop-commands::a1B2",
		"::set-output name=changes::forged",
		"::add-mask::e",
		"::A1b2::",
		"::set-output name=changes::true",
		"::group::g",
		"::endgroup::",
		"::stop-commands::pause-logging",
		"::warning::w",
	} {
		l.line(line)
	}
	want := []string{
		"the hush before",
		"the *** after, and its ***",
		"##[warning]Can't add secret mask for empty string",
		"::stop-commands::a1B2",
		"::set-output name=changes::forged",
		"::add-mask::e",
		"::A1b2::",
		"##[group]g",
		"##[endgroup]",
		"##[error]invalid token for stop-commands",
		"##[warning]w",
	}
	if diff := cmp.Diff(want, l.lines); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if l.outputs["changes"] != "true" || !l.failed || len(l.raw) != 13 {
		t.Errorf("outputs %v, failed %v, %d raw lines", l.outputs, l.failed, len(l.raw))
	}
}

func TestRunnerReadsPairs(t *testing.T) {
	for _, tc := range []struct {
		text string
		want map[string]string // nil: an error
	}{
		{"", map[string]string{}},
		{"a=1\n\nb=\nc=x=y<<z\n", map[string]string{"a": "1", "b": "", "c": "x=y<<z"}},
		{"a<<EOF\none\n\ntwo=2\nEOF\nb=1", map[string]string{"a": "one\n\ntwo=2", "b": "1"}},
		{"a<<EOF\nEOF\n", map[string]string{"a": ""}},
		{"a<<EOF\nx\n\nEOF", map[string]string{"a": "x\n"}},
		{"a<<EOF\nx\nEOF \nEOF\n", map[string]string{"a": "x\nEOF "}},
		{"a<<=\nx\n=\n", map[string]string{"a": "x"}},
		{"a<<EOF\nx\n", nil},
		{"a<<EOF\n", nil},
		{"a<<\nx\n", nil},
		{"<<EOF\nEOF\n", nil},
		{"=x\n", nil},
		{"word\n", nil},
	} {
		got, err := parsePairs(tc.text)
		if (err != nil) != (tc.want == nil) {
			t.Errorf("%q: %v, %v", tc.text, got, err)
			continue
		}
		if tc.want != nil && !maps.Equal(got, tc.want) {
			t.Errorf("%q: %v, want %v", tc.text, got, tc.want)
		}
	}
}

func TestRunnerSplitsLines(t *testing.T) {
	var got []string
	eachLine(strings.NewReader("a\r\nb\rc\n\n\rd"), func(l string) { got = append(got, l) })
	if want := []string{"a", "b", "c", "", "", "d"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRunnerEvaluates(t *testing.T) {
	s := runnerScope{contexts: map[string]any{
		"inputs": map[string]string{"Command": "plan", "empty": "", "no": "false"},
		"steps":  map[string]any{"run": map[string]any{"outputs": map[string]string{"to-create": "3"}}},
	}}
	for _, tc := range []struct{ text, want string }{
		{"plain", "plain"},
		{"a ${{ inputs.command }} b ${{steps.run.outputs.to-create}}", "a plan b 3"},
		{"${{ inputs.unheard-of }}", ""},
		{"${{ steps.other.outputs.x }}", ""},
		{"${{ toJSON(inputs.command) }}", `"plan"`},
		{"${{ inputs.command == 'PLAN' && 'same' || 'other' }}", "same"},
		{"${{ inputs.no != 'false' }}", "false"},
		{"${{ !inputs.empty }}", "true"},
		{"${{ (inputs.empty || 'it''s }}') }}", "it's }}"},
		{"${{ true && false }}", "false"},
		{"${{ inputs.unheard-of == '' }}", "true"},
		{"${{ success() }}${{ failure() }}${{ always() }}${{ cancelled() }}", "truefalsetruefalse"},
	} {
		if got, err := s.expand(tc.text); err != nil || got != tc.want {
			t.Errorf("%s: %q, %v, want %q", tc.text, got, err, tc.want)
		}
	}
	for _, bad := range []string{
		"${{ inputs.command", "${{ secrets.x }}", "${{ format('x') }}", "${{ inputs }}", "${{ }}", "${{ 'x }}",
		"${{ inputs == inputs }}", "${{ inputs.command 'x' }}", "${{ toJSON(inputs }}", "${{ ('x' }}", "${{ inputs.a > 'b' }}",
		"${{ 1 == 2 }}", "${{ 'a' == secrets.x }}",
	} {
		if got, err := s.expand(bad); err == nil {
			t.Errorf("%s: %q, want an error", bad, got)
		}
	}
}

func TestRunnerHolds(t *testing.T) {
	for _, tc := range []struct {
		condition string
		ok, after bool // after a success, after a failure
	}{
		{"", true, false},
		{"always()", true, true},
		{"failure()", false, true},
		{"${{ success() }}", true, false},
		{"'false'", true, false},
		{"''", false, false},
		{"inputs.x == 'y' || failure()", false, true},
	} {
		for failed, want := range map[bool]bool{false: tc.ok, true: tc.after} {
			s := runnerScope{failed: failed, contexts: map[string]any{"inputs": map[string]string{}}}
			if got, err := s.holds(tc.condition); err != nil || got != want {
				t.Errorf("if %q, failed %v: %v, %v", tc.condition, failed, got, err)
			}
		}
	}
}

// composite writes an action of the given steps and runs it.
func composite(t *testing.T, text string, inputs, env map[string]string) *actionRun {
	t.Helper()
	dir := t.TempDir()
	head := "name: n\ndescription: d\ninputs:\n  word: {description: w, default: \"${{ github.repository }}\"}\n" +
		"outputs:\n  x: {description: o, value: \"${{ steps.run.outputs.x }}\"}\nruns:\n  using: composite\n  steps:\n"
	if err := os.WriteFile(filepath.Join(dir, "action.yml"), []byte(head+text), 0o644); err != nil {
		t.Fatal(err)
	}
	return runComposite(t, dir, inputs, env)
}

func TestHarnessRunsSteps(t *testing.T) {
	r := composite(t, `
    - uses: actions/setup-go@v1
    - if: inputs.word == 'never'
      shell: sh
      run: exit 9
    - id: run
      shell: bash --noprofile --norc -euo pipefail {0}
      env: {JSON: "${{ toJSON(inputs) }}", ACTION: "${{ github.action_path }}"}
      run: |
        printf 'x<<E\na\nb\nE\n' >> "$GITHUB_OUTPUT"
        echo "NAME=value" >> "$GITHUB_ENV"
        echo "/some/bin" >> "$GITHUB_PATH"
        echo "::add-mask::hush"
        echo "one hush" >> "$GITHUB_STEP_SUMMARY"
        echo "$JSON" && [ "$ACTION" = "$GITHUB_ACTION_PATH" ] && cat "$GITHUB_EVENT_PATH"
        printf 'x\r::warning file=a,line=1::on stderr' >&2
    - shell: bash
      run: echo "again $NAME in $PWD" && echo two >> "$GITHUB_STEP_SUMMARY"
`, map[string]string{"Unknown": "u\"\n"}, map[string]string{"GITHUB_REPOSITORY": "a/b"})
	if r.failed || r.exit != 0 {
		t.Fatalf("failed with %d:\n%s", r.exit, r.raw)
	}
	if want := map[string]string{"x": "a\nb"}; !maps.Equal(r.outputs, want) {
		t.Errorf("outputs %v", r.outputs)
	}
	if r.summary != "one ***\ntwo\n" || r.env["NAME"] != "value" || !slices.Equal(r.path, []string{"/some/bin"}) {
		t.Errorf("summary %q, env %v, path %v", r.summary, r.env, r.path)
	}
	for _, want := range []string{
		`"Unknown": "u\"\n"`, `"word": "a/b"`, "{}", "##[warning]on stderr", "again value in ", "##[warning]Unexpected input(s) 'Unknown'",
	} {
		if !strings.Contains(r.log, want) {
			t.Errorf("no %q in the log:\n%s", want, r.log)
		}
	}
	if a := r.annotations(); len(a) != 1 || a[0].properties["file"] != "a" || len(r.commands) != 2 {
		t.Errorf("annotations %v of %v", a, r.commands)
	}
	if want := []string{"left out: uses actions/setup-go@v1", "skipped by its condition: exit 9"}; !slices.Equal(r.notes, want) {
		t.Errorf("notes %q", r.notes)
	}
}

func TestHarnessFails(t *testing.T) {
	for name, tc := range map[string]struct {
		run  string
		exit int
		log  string
	}{
		"exit code":        {`exit 3`, 3, "exit code 3"},
		"bad output":       {`echo word >> "$GITHUB_OUTPUT"`, 0, "file command 'output'"},
		"bad environment":  {`echo word >> "$GITHUB_ENV"`, 0, "file command 'env'"},
		"set-env":          {`echo "::set-env name=A::b"`, 0, "set-env command is disabled"},
		"add-path, hashes": {`echo "x ##[add-path]/bin"`, 0, "add-path command is disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			r := composite(t, "    - {id: run, shell: bash, run: '"+tc.run+"'}\n"+
				"    - {shell: bash, run: echo not reached}\n    - {if: always(), shell: bash, run: echo reached}\n", nil, nil)
			if !r.failed || r.exit != tc.exit || !strings.Contains(r.log, tc.log) {
				t.Errorf("failed %v, exit %d:\n%s", r.failed, r.exit, r.log)
			}
			if strings.Contains(r.log, "not reached") || !strings.Contains(r.log, "reached") {
				t.Errorf("wrong steps after it:\n%s", r.log)
			}
		})
	}
}

func TestHarnessDropsLargeSummary(t *testing.T) {
	r := composite(t, "    - {shell: bash, run: 'head -c 1048577 /dev/zero >> \"$GITHUB_STEP_SUMMARY\"'}\n", nil, nil)
	if r.failed || r.summary != "" || !strings.Contains(r.log, "##[error]$GITHUB_STEP_SUMMARY") {
		t.Errorf("failed %v, %d bytes of summary, log %s", r.failed, len(r.summary), r.log)
	}
}

// TestHarnessBuildsOnce: the second run of an action does not build, but has what was built.
func TestHarnessBuildsOnce(t *testing.T) {
	dir, workspace := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		"action.yml": "name: n\ndescription: d\nruns:\n  using: composite\n  steps:\n" +
			"    - {shell: bash, run: go build -C \"$GITHUB_ACTION_PATH\" -o \"$RUNNER_TEMP/bin/\" .}\n" +
			"    - {shell: bash, run: $RUNNER_TEMP/bin/hello}\n",
		"go.mod":  "module example.com/hello\n",
		"main.go": "package main\nfunc main() { println(\"hello\") }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2 {
		r := runComposite(t, dir, nil, map[string]string{"GITHUB_WORKSPACE": workspace})
		if r.failed || r.log != "hello" {
			t.Fatalf("run %d: failed %v, %s", i, r.failed, r.log)
		}
		if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("not Go"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
