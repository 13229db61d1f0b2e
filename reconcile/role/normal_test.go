package role_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/role"
)

func TestNormal(t *testing.T) {
	t.Parallel()
	allow := func(actions, resources []string) role.Statement {
		return role.Statement{Effect: role.Allow, Actions: actions, Resources: resources}
	}
	deny := role.Statement{Effect: role.Deny, NotActions: []string{"viewProject"}, NotResources: []string{"proj/web"}}
	for _, test := range []struct {
		name         string
		policy, want []role.Statement
	}{
		{"no policy", nil, []role.Statement{}},
		{"empty policy", []role.Statement{}, []role.Statement{}},
		{
			"lists are sorted, without repetition",
			[]role.Statement{allow([]string{"b", "a", "b"}, []string{"proj/z", "proj/a"})},
			[]role.Statement{allow([]string{"a", "b"}, []string{"proj/a", "proj/z"})},
		},
		{
			"empty lists are nil",
			[]role.Statement{{Effect: role.Allow, Actions: []string{"a"}, NotActions: []string{}, Resources: []string{"proj/a"}, NotResources: []string{}}},
			[]role.Statement{allow([]string{"a"}, []string{"proj/a"})},
		},
		{
			"statements are sorted: allow first, then by resources",
			[]role.Statement{deny, allow([]string{"a"}, []string{"proj/z"}), allow([]string{"z"}, []string{"proj/a"})},
			[]role.Statement{allow([]string{"z"}, []string{"proj/a"}), allow([]string{"a"}, []string{"proj/z"}), deny},
		},
		{
			"statements are equal after their lists are",
			[]role.Statement{allow([]string{"a", "b"}, []string{"proj/a"}), allow([]string{"b", "a", "a"}, []string{"proj/a"})},
			[]role.Statement{allow([]string{"a", "b"}, []string{"proj/a"})},
		},
		{
			"letter case counts",
			[]role.Statement{allow([]string{"a", "A"}, []string{"proj/a"})},
			[]role.Statement{allow([]string{"A", "a"}, []string{"proj/a"})},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := role.Role{Key: "k", Policy: test.policy}.Normal()
			if diff := cmp.Diff(role.Role{Key: "k", Policy: test.want}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestFieldsCount changes one field after the other: each makes another role with another digest.
func TestFieldsCount(t *testing.T) {
	t.Parallel()
	base := role.Role{
		Key: "qa", Name: "QA", Description: "d", BasePermissions: role.NoAccess, ResourceCategory: "any",
		Policy: []role.Statement{{Effect: role.Allow, Actions: []string{"a"}, Resources: []string{"proj/*"}}},
	}
	edits := map[string]func(*role.Role){
		"key":              func(r *role.Role) { r.Key = "other" },
		"name":             func(r *role.Role) { r.Name = "other" },
		"description":      func(r *role.Role) { r.Description = "" },
		"basePermissions":  func(r *role.Role) { r.BasePermissions = role.Reader },
		"resourceCategory": func(r *role.Role) { r.ResourceCategory = "" },
		"no statement":     func(r *role.Role) { r.Policy = nil },
		"effect":           func(r *role.Role) { r.Policy[0].Effect = role.Deny },
		"actions":          func(r *role.Role) { r.Policy[0].Actions = []string{"a", "b"} },
		"resources":        func(r *role.Role) { r.Policy[0].Resources = []string{"proj/a"} },
		"notActions": func(r *role.Role) {
			r.Policy[0].Actions, r.Policy[0].NotActions = nil, []string{"a"}
		},
		"notResources": func(r *role.Role) {
			r.Policy[0].Resources, r.Policy[0].NotResources = nil, []string{"proj/*"}
		},
	}
	digests := map[string]string{base.Digest(): "nothing"}
	for name, edit := range edits {
		r := base.Clone()
		edit(&r)
		if role.Equal(base, r) || role.Equal(r, base) {
			t.Errorf("%s: still equal", name)
		}
		if other, same := digests[r.Digest()]; same {
			t.Errorf("%s: same digest as after changing %s", name, other)
		}
		digests[r.Digest()] = name
	}
	if !role.Equal(base, base.Clone()) {
		t.Error("a clone is not equal")
	}
}

// TestDigestIsStable pins the digest: it stands in plan files, so a new version of rolewright must
// compute the same.
func TestDigestIsStable(t *testing.T) {
	t.Parallel()
	r := role.Role{
		Key: "qa", Name: "QA <&> \u2028", BasePermissions: role.NoAccess,
		Policy: []role.Statement{
			{Effect: role.Deny, NotActions: []string{"viewProject"}, NotResources: []string{"proj/web"}},
			{Effect: role.Allow, Actions: []string{"b", "a"}, Resources: []string{"proj/*"}},
		},
	}
	const json1 = `{"key":"qa","name":"QA \u003c\u0026\u003e \u2028","description":"","basePermissions":"no_access","policy":[` +
		`{"effect":"allow","actions":["a","b"],"resources":["proj/*"]},` +
		`{"effect":"deny","notActions":["viewProject"],"notResources":["proj/web"]}]}`
	if got, want := r.Digest(), sum(json1); got != want {
		t.Errorf("role: digest %s, want %s", got, want)
	}
	const json2 = `{"ID":"507f1f77bcf86cd799439011","Role":` + json1 + `,"Preset":2,"Fixed":[],"Extra":{"new":{"x":1}}}`
	l := role.Live{Role: r, ID: "507f1f77bcf86cd799439011", PresetVersion: 2, Extra: map[string]json.RawMessage{"new": json.RawMessage(`{"x": 1}`)}}
	if got, want := l.Digest(), sum(json2); got != want {
		t.Errorf("live: digest %s, want %s", got, want)
	}
}

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(s[:])
}

func TestEqualStatement(t *testing.T) {
	t.Parallel()
	a := role.Statement{Effect: role.Allow, Actions: []string{"x", "y"}, Resources: []string{"proj/*"}}
	b := role.Statement{Effect: role.Allow, Actions: []string{"y", "x", "y"}, Resources: []string{"proj/*"}, NotActions: []string{}}
	if !role.EqualStatement(a, b) {
		t.Error("order and repetition make another statement")
	}
	b.Effect = role.Deny
	if role.EqualStatement(a, b) {
		t.Error("allow equals deny")
	}
}

// lists draws lists from few words, so that equal and repeated elements come up.
func lists(words ...string) *rapid.Generator[[]string] {
	return rapid.SliceOfN(rapid.SampledFrom(words), 0, 4)
}

func statements() *rapid.Generator[role.Statement] {
	return rapid.Custom(func(t *rapid.T) role.Statement {
		return role.Statement{
			Effect:       rapid.SampledFrom([]role.Effect{role.Allow, role.Deny}).Draw(t, "effect"),
			Actions:      lists("a", "b", "c").Draw(t, "actions"),
			NotActions:   lists("a", "b").Draw(t, "notActions"),
			Resources:    lists("proj/a", "proj/b", "proj/*").Draw(t, "resources"),
			NotResources: lists("proj/a", "proj/b").Draw(t, "notResources"),
		}
	})
}

func roles() *rapid.Generator[role.Role] {
	return rapid.Custom(func(t *rapid.T) role.Role {
		return role.Role{
			Key:             rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key"),
			Name:            rapid.SampledFrom([]string{"", "A", "<é>"}).Draw(t, "name"),
			BasePermissions: rapid.SampledFrom([]string{role.NoAccess, role.Reader}).Draw(t, "base"),
			Policy:          rapid.SliceOfN(statements(), 0, 3).Draw(t, "policy"),
		}
	})
}

// shuffled returns the role with its statements and lists in another order and some repeated.
func shuffled(t *rapid.T, r role.Role) role.Role {
	policy := shuffle(t, r.Policy)
	for i := range policy {
		s := &policy[i]
		for _, list := range []*[]string{&s.Actions, &s.NotActions, &s.Resources, &s.NotResources} {
			*list = shuffle(t, *list)
		}
	}
	r.Policy = policy
	return r
}

func shuffle[T any](t *rapid.T, list []T) []T {
	if len(list) == 0 {
		return nil
	}
	more := append(slices.Clone(list), rapid.SliceOfN(rapid.SampledFrom(list), 0, 2).Draw(t, "repeated")...)
	return rapid.Permutation(more).Draw(t, "order")
}

func TestLawNormal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := roles().Draw(t, "role")
		was := fmt.Sprintf("%#v", r)
		normal := r.Normal()
		if diff := cmp.Diff(normal, normal.Normal()); diff != "" {
			t.Fatalf("normal form is not its own normal form:\n%s", diff)
		}
		if diff := cmp.Diff(normal, shuffled(t, r).Normal()); diff != "" {
			t.Fatalf("order or repetition shows:\n%s", diff)
		}
		scribble(normal)
		scribble(r.Clone())
		if now := fmt.Sprintf("%#v", r); now != was {
			t.Fatalf("memory is shared with the role:\n%s\n%s", was, now)
		}
	})
}

// scribble overwrites everything that r reaches.
func scribble(r role.Role) {
	for i, s := range r.Policy {
		for _, list := range [][]string{s.Actions, s.NotActions, s.Resources, s.NotResources} {
			for j := range list {
				list[j] = "scribble"
			}
		}
		r.Policy[i] = role.Statement{}
	}
}

// TestLawDigest checks that equality is what it should be, that it agrees with the digest, and
// that the digest survives JSON.
func TestLawDigest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := roles().Draw(t, "a"), roles().Draw(t, "b")
		if equal := role.Equal(a, b); equal != role.Equal(b, a) || equal != (a.Digest() == b.Digest()) || equal != cmp.Equal(a.Normal(), b.Normal()) {
			t.Fatalf("equality (%v), digest and normal form do not agree", equal)
		}
		other := shuffled(t, a)
		if !role.Equal(a, other) || !role.EqualPolicy(a.Policy, other.Policy) || a.Digest() != other.Digest() {
			t.Fatal("order or repetition makes another role")
		}
		data, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var back role.Role
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if back.Digest() != a.Digest() {
			t.Fatalf("another digest after JSON: %s", data)
		}
	})
}

func ExampleRole_Digest() {
	a := role.Role{Key: "qa", Policy: []role.Statement{
		{Effect: role.Allow, Actions: []string{"updateOn", "updateTargets"}, Resources: []string{"proj/*:env/*:flag/*"}},
	}}
	b := role.Role{Key: "qa", Policy: []role.Statement{
		{Effect: role.Allow, Actions: []string{"updateTargets", "updateOn"}, Resources: []string{"proj/*:env/*:flag/*"}},
	}}
	fmt.Println(a.Digest() == b.Digest())
	// Output: true
}

func BenchmarkEqual(b *testing.B) {
	s := role.Statement{Effect: role.Allow, Actions: []string{"a", "b", "c"}, Resources: []string{"proj/*:env/*:flag/*"}}
	r := role.Role{Key: "qa", Policy: []role.Statement{s, s, s, s, s}}
	b.ReportAllocs()
	for b.Loop() {
		if !role.Equal(r, r) {
			b.Fatal("not equal")
		}
	}
}
