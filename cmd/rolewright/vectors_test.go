package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/role"
)

// vector is a case of reconcile/people/testdata/vectors.json; see TestVectors there.
type vector struct {
	Number          int
	Basis           string
	Semantics       []string
	Roles           map[string][]string
	Member          role.Member
	Team            []string
	Yes, No, Partly []string
}

// TestVectors takes every case through the whole program: files of roles, teams and members, apply to
// the emulator, and then the question who may do what. What files cannot say, that ana is in the
// account and in which team, is made in LaunchDarkly's pages.
func TestVectors(t *testing.T) {
	data, err := os.ReadFile("../../reconcile/people/testdata/vectors.json")
	var vectors []vector
	if err == nil {
		err = json.Unmarshal(data, &vectors)
	}
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	asked := 0
	for i, v := range vectors {
		if len(v.Semantics) > 0 {
			continue // the program has one reading; what it makes of this vector is another case
		}
		seen[v.Number] = true
		t.Run(fmt.Sprintf("%d-%d", v.Number, i), func(t *testing.T) { asked += v.check(t) })
	}
	if len(seen) != 10 || asked < 30 {
		t.Errorf("%d vectors of 10, %d questions", len(seen), asked)
	}
}

func (v vector) check(t *testing.T) (asked int) {
	dir := t.TempDir()
	v.write(t, dir)
	v.inUI(t, filepath.Join(dir, "account.db"))
	v.apply(t, dir)
	for want, questions := range map[string][]string{access.SaysYes: v.Yes, access.SaysNo: v.No, access.SaysPartly: v.Partly} {
		for _, q := range questions {
			asked++
			var got struct{ Answers []struct{ Answer string } }
			said := rolewright(t, 0, "can", q, "--member", "ana@example.com", "--workspace", dir, "--format", "json")
			if err := json.Unmarshal(said, &got); err != nil || len(got.Answers) != 1 || got.Answers[0].Answer != want {
				t.Errorf("vector %d (%s): %s: want %s: %v\n%s", v.Number, v.Basis, q, want, err, said)
			}
		}
	}
	return asked
}

// apply plans, and applies with the flags that let the plan through where a guard asks for them; then
// nothing is left to do.
func (v vector) apply(t *testing.T, dir string) {
	t.Helper()
	var planned struct {
		Blocks []struct{ Message, Flag string }
	}
	if err := json.Unmarshal(rolewright(t, -1, "plan", dir, "--format", "json"), &planned); err != nil {
		t.Fatal(err)
	}
	args := []string{"apply", dir, "--auto-approve"}
	for _, b := range planned.Blocks {
		if b.Flag == "" {
			t.Fatal(b.Message)
		}
		args = append(args, strings.Fields(b.Flag)...)
	}
	rolewright(t, 0, args...)
	rolewright(t, 0, "plan", dir, "--detailed-exitcode")
}

// inUI makes what files cannot make.
func (v vector) inUI(t *testing.T, file string) {
	t.Helper()
	emu, err := emulator.New(emulator.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"boss1", "boss2"} {
		err = firstOf(err, emu.AddMember(emulator.Member{Email: name + "@example.com", Role: "admin"}))
	}
	err = firstOf(err, emu.AddMember(emulator.Member{Email: "ana@example.com", Role: role.NoAccess}))
	if v.Team != nil {
		err = firstOf(err, emu.AddTeam(emulator.Team{Key: "t", Name: "T", Members: []string{"ana@example.com"}}))
	}
	if err = firstOf(err, emu.Close()); err != nil {
		t.Fatal(err)
	}
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// write writes the workspace.
func (v vector) write(t *testing.T, dir string) {
	t.Helper()
	documents := []string{}
	for key, lines := range v.Roles {
		base, policy := role.NoAccess, []role.Statement{}
		for _, line := range lines {
			if line == role.Reader {
				base = line
				continue
			}
			policy = append(policy, statementOf(line))
		}
		documents = append(documents, inJSON("kind", "Role", "key", key, "name", key, "basePermissions", base, "policy", policy))
	}
	ana := []any{"kind", "Member", "email", "ana@example.com", "role", v.Member.Role}
	if v.Member.CustomRoles != nil {
		ana = append(ana, "customRoles", v.Member.CustomRoles)
	}
	if v.Member.RoleAttributes != nil {
		ana = append(ana, "roleAttributes", v.Member.RoleAttributes)
	}
	documents = append(documents, inJSON(ana...))
	if v.Team != nil {
		documents = append(documents, inJSON("kind", "Team", "key", "t", "customRoles", v.Team))
	}
	everyone := map[string]any{"include": []string{"*"}}
	for name, text := range map[string]string{
		"all.yaml": strings.Join(documents, "---\n"),
		"rolewright.yaml": inJSON("version", 1, "targets", map[string]any{"local": map[string]any{"emulator": "account.db"}},
			"manage", map[string]any{"roles": everyone, "teams": everyone, "members": everyone},
			"lint", map[string]any{"disable": lint.Meaning()}), // the wide reading of vector 10 makes an administrator
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// statementOf reads "allow updateOn on proj/*:env/*:flag/*"; "not" before the resources is notResources.
func statementOf(line string) role.Statement {
	w := strings.Fields(line)
	s := role.Statement{Effect: role.Effect(w[0]), Actions: strings.Split(w[1], ",")}
	if w[3] == "not" {
		s.NotResources = w[4:]
	} else {
		s.Resources = w[3:]
	}
	return s
}

// inJSON writes names and values as YAML.
func inJSON(fields ...any) string {
	var b strings.Builder
	for i := 0; i < len(fields); i += 2 {
		value, err := json.Marshal(fields[i+1])
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, "%s: %s\n", fields[i], value)
	}
	return b.String()
}

// rolewright runs the program and returns what it prints; it must end with that exit code, unless that
// is below zero.
func rolewright(t *testing.T, code int, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	got := run(t.Context(), stdio{
		in: strings.NewReader(""), out: &out, err: &errs, getenv: func(string) string { return "" }, now: time.Now,
	}, args)
	if code >= 0 && got != code {
		t.Fatalf("%q: exit code %d, want %d\n%s%s", args, got, code, out.Bytes(), errs.Bytes())
	}
	return out.Bytes()
}
