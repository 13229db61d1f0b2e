package reconcile_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// undoing is a role in whose policy LD107 finds an error.
func undoing(key string) string {
	return "kind: Role\nkey: " + key + "\nname: Role " + key + "\nbasePermissions: no_access\npolicy:\n" +
		"  - {effect: allow, actions: [viewProject], resources: [\"proj/*\"]}\n" +
		"  - {effect: allow, actions: [updateOn], notResources: [\"proj/*:env/production:flag/*\"]}\n"
}

const shut = "kind: AccessTest\nname: shut\nas: {role: a}\ncannot: [\"viewProject on proj/*\"]\n"

const gated = "kind: AccessTest\nname: gated\nchanges:\n  - {when: \"gain on proj/*\", require: allow-risk}\n  - {when: \"loss on proj/*\", require: fail}\n"

// TestGates: what refuses a plan beside guards, and what does not.
func TestGates(t *testing.T) {
	t.Parallel()
	narrower := strings.Replace(text("a", "x"), "proj/*", "proj/web", 1)
	for name, tt := range map[string]struct {
		files   source
		account *account
		lift    plan.Lift
		blocks  []string // the guard, and where
		detail  string   // of the first block
	}{
		"nothing is wrong":                {files("a.yaml", text("a", "x")), empty(), plan.Lift{}, nil, ""},
		"an error of lint":                {files("a.yaml", undoing("a")), empty(), plan.Lift{}, []string{"lint a.yaml:7"}, ""},
		"an error in what stays as it is": {files("a.yaml", undoing("a"), "b.yaml", text("b", "x")), holding(t, undoing("a")), plan.Lift{}, nil, ""},
		"an error that is meant": {
			files("a.yaml", strings.ReplaceAll(undoing("a"), "kind: Role", "# rolewright:allow LD107: to be tested\nkind: Role")), empty(), plan.Lift{}, nil, "",
		},
		"a test that fails":                  {files("a.yaml", text("a", "x"), "t.yaml", shut), empty(), plan.Lift{}, []string{"accessTest t.yaml:4"}, "this would help: a.yaml:7:3"},
		"a test that fails of what is there": {files("a.yaml", text("a", "x"), "t.yaml", shut), holding(t, text("a", "x")), plan.Lift{}, []string{"accessTest t.yaml:4"}, "this would help: a.yaml:7:3"},
		"a test that cannot be meant": {
			files("a.yaml", text("a", "x"), "t.yaml", strings.Replace(shut, "role: a", "role: b", 1)), empty(), plan.Lift{}, []string{"accessTest t.yaml:3"}, "",
		},
		"a gain that has to be named": {files("a.yaml", text("a", "x"), "t.yaml", gated), empty(), plan.Lift{}, []string{"changes t.yaml:4"}, "viewProject on proj/*"},
		"a gain that is named":        {files("a.yaml", text("a", "x"), "t.yaml", gated), empty(), plan.Lift{AllowRisk: []string{"a"}}, nil, ""},
		"another gain that is named":  {files("a.yaml", text("a", "x"), "t.yaml", gated), empty(), plan.Lift{AllowRisk: []string{"b"}}, []string{"changes t.yaml:4"}, ""},
		"a loss that no name lets through": {
			files("a.yaml", narrower, "t.yaml", gated), holding(t, text("a", "x")), plan.Lift{AllowRisk: []string{"a"}}, []string{"changes t.yaml:5"}, "",
		},
		"a change of words alone": {files("a.yaml", text("a", "y"), "t.yaml", gated), holding(t, text("a", "x")), plan.Lift{}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options()
			o.Semantics, o.Lift = new(policy.DefaultSemantics()), tt.lift
			p, err := reconcile.Plan(t.Context(), parsed(t, tt.files), tt.account, o)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, b := range p.Blocks {
				got = append(got, string(b.Guard)+" "+b.Declared.File+":"+string(rune('0'+b.Declared.Line)))
			}
			if diff := cmp.Diff(tt.blocks, got); diff != "" {
				t.Errorf("%s\n%+v", diff, p.Blocks)
			}
			if tt.detail != "" && !slices.ContainsFunc(p.Blocks[0].Detail, func(line string) bool { return strings.Contains(line, tt.detail) }) {
				t.Errorf("no %q in %q", tt.detail, p.Blocks[0].Detail)
			}
			if back, err := plan.Decode(plan.Encode(p)); err != nil || len(back.Findings) != len(p.Findings) {
				t.Errorf("read back: %v", err)
			}
			err = reconcile.Verify(t.Context(), p, parsed(t, tt.files), tt.account, o)
			if (err != nil) != (len(tt.blocks) > 0) {
				t.Errorf("verified: %v", err)
			}
		})
	}
}

// TestReadWorld: an account as the files leave it, and what of it is not known.
func TestReadWorld(t *testing.T) {
	t.Parallel()
	ws := parsed(t, files("a.yaml", text("a", "x")))
	w, err := reconcile.ReadWorld(t.Context(), ws, stocked{Account: empty(), inv: shop()})
	if err != nil || w.Inventory == nil || w.People != nil || len(w.Unknown) != 1 {
		t.Errorf("%v, %+v", err, w)
	}
	w, err = reconcile.ReadWorld(t.Context(), ws, &town{account: empty(), members: []role.LiveMember{{ID: "m"}}})
	if err != nil || w.People == nil || len(w.People.Roles) != 1 || len(w.People.Members) != 1 || len(w.Unknown) != 1 {
		t.Errorf("%v, %+v", err, w)
	}
	w, err = reconcile.ReadWorld(t.Context(), ws, &town{account: empty(), memberErr: role.ErrDenied})
	if err != nil || w.People != nil || len(w.Unknown) != 2 || !strings.Contains(w.Unknown[0], "not allowed") {
		t.Errorf("%v, %+v", err, w)
	}
	broken := empty()
	broken.err = role.ErrUnknown
	if _, err := reconcile.ReadWorld(t.Context(), ws, broken); err == nil {
		t.Error("an account that cannot be read")
	}
}
