package reconcile_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// acme returns the example workspace, which must have nothing wrong with it.
func acme(t testing.TB) *manifest.Workspace {
	t.Helper()
	ws, findings, err := reconcile.Load("../examples/acme", manifest.Options{})
	if err != nil || len(findings) > 0 {
		t.Fatalf("%v, %v", findings, err)
	}
	// Its people are replayed by the README; the account of these tests knows roles alone.
	ws.Teams, ws.Members = nil, nil
	ws.Config.Manage.Teams, ws.Config.Manage.Members = role.Scope{}, role.Scope{}
	return ws
}

// TestAcmeHasTheSchemas holds the schemas beside the example to those of the program.
func TestAcmeHasTheSchemas(t *testing.T) {
	files, err := reconcile.EditorSchemas()
	if err != nil || len(files) != 2 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		name := filepath.Join("../examples/acme", f.Path)
		have, err := os.ReadFile(name)
		if err != nil || !bytes.Equal(have, f.Data) {
			t.Errorf("%s is not what rolewright schema prints (%v)", name, err)
		}
	}
}

// account is an account in memory that does as it is told.
type account struct {
	roles  map[string]role.Live
	id     string
	writes int
	err    error // of every call, if set
}

func (a *account) AccountID(context.Context) (string, error) { return a.id, a.err }

func (a *account) Roles(context.Context) ([]role.Live, error) {
	var live []role.Live
	for _, l := range a.roles {
		live = append(live, l)
	}
	return live, a.err
}

func (a *account) Role(_ context.Context, key string) (role.Live, error) {
	if l, ok := a.roles[key]; ok {
		return l, a.err
	}
	return role.Live{}, role.ErrNotFound
}

func (a *account) put(r role.Role, id string) (role.Live, error) {
	a.writes++
	a.roles[r.Key] = role.Live{Role: r.Clone(), ID: id}
	return a.roles[r.Key], nil
}

func (a *account) CreateRole(_ context.Context, r role.Role) (role.Live, error) {
	return a.put(r, "id-of-"+r.Key)
}

func (a *account) UpdateRole(_ context.Context, before role.Live, after role.Role, _ string) (role.Live, error) {
	return a.put(after, before.ID)
}

func (a *account) DeleteRole(_ context.Context, key string) error {
	a.writes++
	delete(a.roles, key)
	return nil
}

func empty() *account { return &account{roles: map[string]role.Live{}, id: "an-account"} }

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func options() reconcile.Options {
	return reconcile.Options{Target: plan.Target{Name: "t", Host: "h"}, Tool: "rolewright test", Now: now}
}

func applied(t testing.TB, ws *manifest.Workspace, a *account, o reconcile.Options) *apply.Result {
	t.Helper()
	p, err := reconcile.Plan(t.Context(), ws, a, o)
	if err != nil {
		t.Fatal(err)
	}
	return reconcile.Apply(t.Context(), p, ws, a, apply.Options{
		Parallelism: 1, Sleep: func(context.Context, time.Duration) error { return nil },
	})
}

func TestPipeline(t *testing.T) {
	ws, a := acme(t), empty()
	if r := applied(t, ws, a, options()); r.ExitReason != apply.ReasonApplied || !r.Verified || a.writes != len(a.roles) {
		t.Fatalf("%s, verified %t, %d writes, %s", r.ExitReason, r.Verified, a.writes, r.Error)
	}
	p, err := reconcile.Plan(t.Context(), ws, a, options())
	if err != nil || p.ExitReason != plan.NoChanges || p.Target.AccountID != "an-account" {
		t.Fatalf("%v, %v", p, err)
	}
}

// TestShuffledFilesPlanEmpty shuffles and repeats statements, actions and resources of every role
// of the example: the account that holds the originals needs no change.
func TestShuffledFilesPlanEmpty(t *testing.T) {
	ws, a := acme(t), empty()
	applied(t, ws, a, options())
	rapid.Check(t, func(rt *rapid.T) {
		shuffled := *ws
		shuffled.Roles = nil
		for _, d := range ws.Roles {
			d.Role = d.Clone()
			d.Policy = shuffle(rt, d.Policy)
			for i := range d.Policy {
				s := &d.Policy[i]
				for _, list := range []*[]string{&s.Actions, &s.NotActions, &s.Resources, &s.NotResources} {
					*list = shuffle(rt, *list)
				}
			}
			shuffled.Roles = append(shuffled.Roles, d)
		}
		p, err := reconcile.Plan(t.Context(), &shuffled, a, options())
		if err != nil || p.ExitReason != plan.NoChanges {
			rt.Fatalf("%v %v", p.Changes, err)
		}
	})
}

// shuffle returns the list in another order, and an element of it twice.
func shuffle[T any](t *rapid.T, list []T) []T {
	if len(list) == 0 {
		return list
	}
	again := rapid.SampledFrom(list).Draw(t, "again")
	return rapid.Permutation(append([]T{again}, list...)).Draw(t, "order")
}

func TestVerify(t *testing.T) {
	for _, tt := range []struct {
		name  string
		moves func(*account, *manifest.Workspace, *reconcile.Options)
		stale bool
	}{
		{"nothing moved", func(*account, *manifest.Workspace, *reconcile.Options) {}, false},
		{"another account", func(a *account, _ *manifest.Workspace, _ *reconcile.Options) { a.id = "other" }, true},
		{"a role appeared", func(a *account, ws *manifest.Workspace, _ *reconcile.Options) {
			_, _ = a.put(ws.Roles[0].Role, "x")
		}, true},
		{"the files moved", func(_ *account, ws *manifest.Workspace, _ *reconcile.Options) { ws.Digest = "sha256:0" }, true},
		{"a day passed", func(_ *account, _ *manifest.Workspace, o *reconcile.Options) { o.Now = now.Add(25 * time.Hour) }, true},
		{"another host", func(_ *account, _ *manifest.Workspace, o *reconcile.Options) { o.Target.Host = "elsewhere" }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ws, a, o := acme(t), empty(), options()
			p, err := reconcile.Plan(t.Context(), ws, a, o)
			if err != nil {
				t.Fatal(err)
			}
			tt.moves(a, ws, &o)
			err = reconcile.Verify(t.Context(), p, ws, a, o)
			var stale *plan.StaleError
			if errors.As(err, &stale) != tt.stale {
				t.Errorf("verify: %v", err)
			}
			if tt.stale && reconcile.ExitCode(reconcile.Reason(err), false) != reconcile.ExitStale {
				t.Errorf("exit code of %v", err)
			}
		})
	}
}

func TestUnreadableAccount(t *testing.T) {
	a := empty()
	a.err = role.ErrDenied
	if _, err := reconcile.Plan(t.Context(), acme(t), a, options()); !errors.Is(err, role.ErrDenied) {
		t.Errorf("plan: %v", err)
	}
	if err := reconcile.Verify(t.Context(), &plan.Plan{GeneratedAt: now.Format(time.RFC3339)}, acme(t), a, options()); !errors.Is(err, role.ErrDenied) {
		t.Errorf("verify: %v", err)
	}
	if _, err := reconcile.Take(t.Context(), a, plan.Target{}, plan.Scope{}, now); !errors.Is(err, role.ErrDenied) {
		t.Errorf("take: %v", err)
	}
}

func TestSnapshot(t *testing.T) {
	ws, a := acme(t), empty()
	applied(t, ws, a, options())
	taken, err := reconcile.Take(t.Context(), a, options().Target, plan.Scope{}, now)
	if err != nil {
		t.Fatal(err)
	}
	data, err := taken.Encode()
	if err != nil {
		t.Fatal(err)
	}
	s, err := reconcile.DecodeSnapshot(data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := reconcile.Plan(t.Context(), ws, s, options())
	if err != nil || p.ExitReason != plan.NoChanges || p.Target.AccountID != "an-account" {
		t.Errorf("%+v, %v", p, err)
	}
	if l, err := s.Role(t.Context(), "developer"); err != nil || l.Key != "developer" {
		t.Errorf("%v, %v", l, err)
	}
	if _, err := s.Role(t.Context(), "nobody"); !errors.Is(err, role.ErrNotFound) {
		t.Errorf("a role that is not there: %v", err)
	}
	_, create := s.CreateRole(t.Context(), role.Role{})
	_, change := s.UpdateRole(t.Context(), role.Live{}, role.Role{}, "")
	for _, err := range []error{create, change, s.DeleteRole(t.Context(), "developer")} {
		if !errors.Is(err, role.ErrReadOnly) {
			t.Errorf("a snapshot took a write: %v", err)
		}
	}
}

func TestDecodeSnapshotRefuses(t *testing.T) {
	good := `{"formatVersion": "1.0", "takenAt": "2026-11-23T12:00:00Z", "target": {"name": "t", "host": "h", "accountId": "a"}, "roles": [{"key": "a"}]}`
	if _, err := reconcile.DecodeSnapshot([]byte(good)); err != nil {
		t.Fatalf("the one that the others are spoilt from: %v", err)
	}
	for _, tt := range []struct{ name, old, new, want string }{
		{"nothing", good, "", "EOF"},
		{"another file", `"roles"`, `"changes"`, `unknown field "changes"`},
		{"another version", `"1.0"`, `"2.0"`, `format "2.0"`},
		{"something after", good, good + " {}", "something follows it"},
		{"a role twice", `{"key": "a"}`, `{"key": "a"}, {"key": "a"}`, `role "a" stands in it`},
		{"no key", `{"key": "a"}`, `{}`, `role "" stands in it`},
		{"no object", good, `[]`, "cannot unmarshal array"},
		{"null", good, `null`, `format ""`},
		{"roles are null", `[{"key": "a"}]`, `null`, "the roles are missing"},
		{"no roles", `, "roles": [{"key": "a"}]`, ``, "the roles are missing"},
		{"empty host", `"h"`, `""`, "no host"},
		{"no host", `"host": "h", `, ``, "no host"},
		{"empty account", `"accountId": "a"`, `"accountId": ""`, "no accountId"},
		{"no account", `, "accountId": "a"`, ``, "no accountId"},
		{"no target", `"target": {"name": "t", "host": "h", "accountId": "a"}, `, ``, "no host"},
		{"no time", `"takenAt": "2026-11-23T12:00:00Z", `, ``, `takenAt is ""`},
		{"a day", `2026-11-23T12:00:00Z`, `2026-11-23`, `takenAt is "2026-11-23"`},
		{"a time without a zone", `12:00:00Z`, `12:00:00`, "takenAt is"},
	} {
		text := strings.Replace(good, tt.old, tt.new, 1)
		if _, err := reconcile.DecodeSnapshot([]byte(text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestSnapshotOfNothing: an account without roles is a snapshot like any other.
func TestSnapshotOfNothing(t *testing.T) {
	taken, err := reconcile.Take(t.Context(), empty(), options().Target, plan.Scope{}, now)
	if err != nil {
		t.Fatal(err)
	}
	data, err := taken.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if s, err := reconcile.DecodeSnapshot(data); err != nil || len(s.Live) != 0 {
		t.Errorf("%v, %v", s, err)
	}
}

func TestExport(t *testing.T) {
	live := []role.Live{
		{Role: role.Role{Key: "Same", Name: "A", BasePermissions: "reader", Policy: []role.Statement{}}},
		{Role: role.Role{Key: "same", Name: "B", BasePermissions: "no_access", Policy: []role.Statement{}}},
		{Role: role.Role{Key: "left", Name: "C", BasePermissions: "no_access", Policy: []role.Statement{}}},
		{Role: role.Role{Key: "../evil", Name: "D", BasePermissions: "no_access", Policy: []role.Statement{}}},
		{Role: role.Role{Key: "hidden", Name: "E\u200b", BasePermissions: "no_access", Policy: []role.Statement{}}},
		{Role: role.Role{Key: "baseless", Name: "F", Policy: []role.Statement{}}},
		{Role: role.Role{Key: "preset", Name: "G", BasePermissions: "no_access"}, PresetVersion: 1},
	}
	out := reconcile.Export(live, func(key string) string {
		if key == "left" {
			return "left out"
		}
		return ""
	})
	var got []string
	for _, f := range out.Files {
		got = append(got, f.Path)
	}
	for _, n := range out.Left {
		got = append(got, "left "+n.Key)
	}
	for _, n := range out.Unfit {
		got = append(got, "unfit "+n.Key)
	}
	want := "roles/Same.yaml roles/same-2.yaml left left left preset unfit ../evil unfit baseless unfit hidden"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

// TestExportReadsBack exports the example and reads the files: they are the same roles.
func TestExportReadsBack(t *testing.T) {
	ws, a := acme(t), empty()
	applied(t, ws, a, options())
	live, err := a.Roles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := reconcile.Export(live, func(string) string { return "" })
	start, err := reconcile.StartExport("local", manifest.Target{Emulator: ".rolewright/local.db"}, plan.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	copied, findings, err := reconcile.Load(written(t, append(start, out.Files...)), manifest.Options{})
	if err != nil || len(findings) > 0 || len(out.Unfit)+len(out.Left) > 0 {
		t.Fatalf("%v, %v, %+v", findings, err, out)
	}
	p, err := reconcile.Plan(t.Context(), copied, a, options())
	if err != nil || p.ExitReason != plan.NoChanges || p.Unchanged != len(live) {
		t.Errorf("%+v, %v", p, err)
	}
}

func written(t *testing.T, files []reconcile.File) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		name := filepath.Join(dir, f.Path)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestScaffold(t *testing.T) {
	for pin, want := range map[string]string{"v1.2.3": "rolewright/rolewright@v1.2.3\n", "": "rolewright/rolewright@" + reconcile.ActionPlaceholder} {
		files, err := reconcile.Scaffold(pin)
		if err != nil {
			t.Fatal(err)
		}
		dir := written(t, files)
		ws, findings, err := reconcile.Load(dir, manifest.Options{})
		if err != nil || len(findings) > 0 || len(ws.Roles) != 1 {
			t.Errorf("%v, %v", findings, err)
		}
		workflow, err := os.ReadFile(filepath.Join(dir, ".github/workflows/rolewright.yml"))
		if err != nil || !bytes.Contains(workflow, []byte(want)) {
			t.Errorf("workflow does not use %s (%v)", want, err)
		}
	}
}

// TestOneMistakeOneFinding holds lint back where the files themselves are malformed, and shows the
// line of what lint finds.
func TestOneMistakeOneFinding(t *testing.T) {
	dir := written(t, []reconcile.File{
		{Path: "rolewright.yaml", Data: []byte("version: 1\nlint: {disable: [LD005, LD999]}\n")},
		{Path: "a.yaml", Data: []byte(`kind: Role
key: a
name: A
basePermissions: no_access
policy:
  - effect: allow
    actions: [viewProject]
  - effect: allow
    actions: [updatOn]
    resources: ["proj/web:env/*:flag/*"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web :env/*:flag/*"]
`)},
	})
	_, findings, err := reconcile.Load(dir, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range findings {
		got = append(got, f.Pos.String()+" "+f.Code)
		if f.Source == "" {
			t.Errorf("%s is without its line", f.Pos)
		}
	}
	want := "a.yaml:6:3 schema/required, a.yaml:9:15 LD003, a.yaml:13:26 role/ascii, rolewright.yaml:2:25 LD000"
	if strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
	if diag.Count(findings, diag.Warning) != 1 {
		t.Errorf("%d warnings", diag.Count(findings, diag.Warning))
	}
}

func TestLoadNowhere(t *testing.T) {
	if _, _, err := reconcile.Load(filepath.Join(t.TempDir(), "nowhere"), manifest.Options{}); err == nil {
		t.Error("loaded a folder that is not there")
	}
}

func TestExitCode(t *testing.T) {
	for reason, want := range map[plan.ExitReason]int{
		reconcile.ReasonOK: 0, plan.NoChanges: 0, plan.Changes: 0, apply.ReasonApplied: 0,
		reconcile.ReasonInvalid: 1, reconcile.ReasonUsage: 1, reconcile.ReasonNetwork: 1, reconcile.ReasonInternal: 1,
		apply.ReasonAuth: 1, apply.ReasonFailed: 1, "no such reason": 1,
		plan.Blocked: 3, apply.ReasonStale: 4, apply.ReasonPartial: 5, apply.ReasonInterrupted: 130,
	} {
		if got := reconcile.ExitCode(reason, false); got != want {
			t.Errorf("%s: %d, want %d", reason, got, want)
		}
	}
	if got := reconcile.ExitCode(plan.Changes, true); got != 2 {
		t.Errorf("changes in detail: %d", got)
	}
	for err, want := range map[error]plan.ExitReason{
		&plan.AlteredError{}: apply.ReasonStale, context.Canceled: apply.ReasonInterrupted,
		role.ErrDenied: apply.ReasonAuth, errors.New("no route"): reconcile.ReasonNetwork,
	} {
		if got := reconcile.Reason(err); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}
