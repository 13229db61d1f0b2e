package manifest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

const fullConfig = `version: 1
targets:
  local: {emulator: .rolewright/local.db}
  production: {host: app.launchdarkly.com}
defaultTarget: local
manage:
  roles: {include: ["team-*"], ignore: ["team-old*"], prune: true}
  teams: {include: [checkout], ignore: []}
  members: {include: []}
guards: {maxDeletes: 0, maxDeletePercent: 5, protect: ["admin-*"], minAdmins: 1}
lint: {disable: [LD003]}
`

func TestConfig(t *testing.T) {
	w, findings := load(t, map[string]string{ConfigFile: fullConfig})
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	want := Config{
		Targets:       map[string]Target{"local": {Emulator: ".rolewright/local.db"}, "production": {Host: "app.launchdarkly.com"}},
		DefaultTarget: "local",
		Manage: Manage{
			Roles: role.Scope{Include: []string{"team-*"}, Ignore: []string{"team-old*"}, Prune: true},
			Teams: role.Scope{Include: []string{"checkout"}, Ignore: []string{}}, Members: role.Scope{Include: []string{}},
		},
		Guards: Guards{MaxDeletes: 0, MaxDeletePercent: 5, Protect: []string{"admin-*"}, MinAdmins: 1},
		Lint:   Lint{Disable: []string{"LD003"}},
	}
	pos := w.Config.Pos
	w.Config.Pos = nil
	if diff := cmp.Diff(want, w.Config); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for pointer, want := range map[string]string{
		"":                          "rolewright.yaml:1:1",
		"/targets/production/host":  "rolewright.yaml:4:22",
		"/manage/roles/ignore/0":    "rolewright.yaml:7:41",
		"/guards/maxDeletes":        "rolewright.yaml:10:22",
		"/lint/disable/0":           "rolewright.yaml:11:18",
		"/manage/teams/include/0":   "rolewright.yaml:8:21",
		"/targets/local/emulator":   "rolewright.yaml:3:21",
		"/guards/no/such/thing/ata": "",
	} {
		if got := pos[pointer].String(); got != want {
			t.Errorf("position of %s is %q, want %q", pointer, got, want)
		}
	}
}

func TestConfigDefaults(t *testing.T) {
	want := defaultConfig()
	want.Pos = nil
	for name, text := range map[string]string{
		"nothing said":       "version: 1\n",
		"kinds but no roles": "version: 1\nmanage: {teams: {include: []}}\n",
		"roles but no globs": "version: 1\nmanage: {roles: {prune: false}}\n",
	} {
		w, findings := load(t, map[string]string{ConfigFile: text})
		w.Config.Pos = nil
		w.Config.Manage.Teams.Include = nil
		if diff := cmp.Diff(want, w.Config); diff != "" || len(findings) > 0 {
			t.Errorf("%s: %v -want +got:\n%s", name, findings, diff)
		}
	}
	w, _ := load(t, map[string]string{ConfigFile: "version: 1\nmanage: {roles: {include: []}}\n"})
	if len(w.Config.Manage.Roles.Include) != 0 {
		t.Error("an empty include manages something")
	}
}

func TestConfigFindings(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"unknown host":      {"version: 1\ntargets: {a: {host: evil.example}}\n", []string{"config/host 2:21"}},
		"host with a path":  {"version: 1\ntargets: {a: {host: \"app.launchdarkly.com/x\"}}\n", []string{"config/host 2:21"}},
		"path outside":      {"version: 1\ntargets: {a: {emulator: ../x.db}, b: {emulator: /tmp/x.db}, c: {emulator: 'a\\b'}}\n", []string{"config/emulator 2:25", "config/emulator 2:49", "config/emulator 2:75"}},
		"default target":    {"version: 1\ntargets: {local: {emulator: x.db}}\ndefaultTarget: locl\n", []string{"config/default-target 3:16"}},
		"no such target":    {"version: 1\ntargets: {local: {emulator: x.db}}\ndefaultTarget: production\n", []string{"config/default-target 3:16"}},
		"two documents":     {"version: 1\n---\nversion: 1\n", []string{"config/documents 3:1"}},
		"misspelt":          {"version: 1\nguard: {}\n", []string{"schema/unknown-key 2:1"}},
		"version missing":   {"targets: {}\n", []string{"schema/required 1:1", "schema/empty 1:10"}},
		"range":             {"version: 1\nguards: {maxDeletes: -1}\n", []string{"schema/range 2:22"}},
		"octal number":      {"version: 1\nguards: {maxDeletes: 010}\n", []string{"schema/type 2:22"}},
		"huge number":       {"version: 1\nguards: {maxDeletes: 1e999}\n", []string{"schema/type 2:22"}},
		"fraction":          {"version: 1\nguards: {maxDeletes: 1.5}\n", []string{"schema/type 2:22"}},
		"old boolean":       {"version: 1\nmanage: {roles: {prune: no}}\n", []string{"schema/type 2:25"}},
		"target of no sort": {"version: 1\ntargets:\n  a: {}\n", []string{"schema/required 3:3"}},
		"target's name":     {"version: 1\ntargets:\n  'a b': {host: localhost}\n", []string{"schema/pattern 3:3"}},
		"not a mapping":     {"- version: 1\n", []string{"schema/type 1:1"}},
		"empty":             {"", []string{"file/empty 1"}},
		"holds itself":      {"version: 1\ntargets: &t {a: *t}\n", []string{"yaml/alias 2:10"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, findings := load(t, map[string]string{ConfigFile: test.text})
			if diff := cmp.Diff(test.want, shorts(findings)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func shorts(findings []diag.Finding) []string {
	out := []string{}
	for _, f := range findings {
		out = append(out, short(f))
	}
	return out
}

func TestConfigAllowHost(t *testing.T) {
	root := tempWorkspace(t, map[string]string{ConfigFile: "version: 1\ntargets: {a: {host: ld.example.com}}\n"})
	for allow, want := range map[string]int{"": 1, "other.example.com": 1, "ld.example.com": 0} {
		_, findings, err := Load(root, Options{AllowHost: allow})
		if err != nil || len(findings) != want {
			t.Errorf("with %q allowed: %v, %v", allow, findings, err)
		}
	}
}

func TestConfigTarget(t *testing.T) {
	one := map[string]Target{"local": {Emulator: "x"}}
	two := map[string]Target{"local": {Emulator: "x"}, "production": {Host: "h"}}
	tests := []struct {
		config     Config
		name, want string
		err        string
	}{
		{Config{Targets: one}, "", "local", ""},
		{Config{Targets: two}, "production", "production", ""},
		{Config{Targets: two, DefaultTarget: "production"}, "", "production", ""},
		{Config{Targets: two}, "", "", "rolewright.yaml has no defaultTarget, and several targets: local, production"},
		{Config{Targets: two}, "prod", "", `no target is named "prod" in rolewright.yaml, there are: local, production`},
		{Config{}, "", "", "rolewright.yaml names no target"},
		{Config{}, "local", "", "rolewright.yaml names no target"},
	}
	for _, test := range tests {
		name, target, err := test.config.Target(test.name)
		if message := errorText(err); name != test.want || message != test.err || target != test.config.Targets[test.want] {
			t.Errorf("Target(%q) = %q, %v, %q", test.name, name, target, message)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestEmptyFileHint: the way out of an empty file depends on the file, and is one.
func TestEmptyFileHint(t *testing.T) {
	const least = `version: 1`
	for _, text := range []string{"", "# nothing yet\n", "\n\n"} {
		for name, want := range map[string]string{
			ConfigFile: `write at least "` + least + `"`, "roles/a.yaml": "write a role or remove the file",
		} {
			_, findings := load(t, map[string]string{ConfigFile: least + "\n", name: text})
			if len(findings) != 1 || findings[0].Code != "file/empty" || findings[0].Hint != want {
				t.Errorf("%s of %q: %+v", name, text, findings)
			}
		}
	}
	if _, findings := load(t, map[string]string{ConfigFile: least}); len(findings) != 0 {
		t.Errorf("the hint does not help: %v", findings)
	}
}
