package policy

import "testing"

// What a vector rests on.
const (
	stated   = "stated by LaunchDarkly"
	prose    = "LaunchDarkly's prose and our reading of it"
	inferred = "inferred, no source"
)

// writer stands for the base role of that name, as the docs of 2023 give its policy, cut down to
// what the vectors ask about.
var writer = hold("reader", "allow * on proj/*", "allow * on proj/*:env/*", "allow * on proj/*:env/*:flag/*")

// vectors are the cases that follow from what LaunchDarkly says about the evaluation of policies,
// one for each sentence. Where a vector rests on inference it says so.
var vectors = []struct {
	number int
	basis  string
	what   string
	held   []Held
	sem    []string
	yes    []string
	no     []string
}{
	{
		number: 1, basis: stated, what: "a deny beats an allow",
		held: []Held{hold("allow * on proj/*", "allow * on proj/*:env/*:flag/*", "deny updateOn on proj/*:env/production:flag/*")},
		yes:  []string{"updateOn on proj/a:env/test:flag/f", "updateTargets on proj/a:env/production:flag/f"},
		no:   []string{"updateOn on proj/a:env/production:flag/f"},
	},
	{
		number: 1, basis: stated, what: "in any order",
		held: []Held{hold("deny updateOn on proj/*:env/production:flag/*", "allow * on proj/*:env/*:flag/*", "allow * on proj/*")},
		yes:  []string{"updateOn on proj/a:env/test:flag/f"},
		no:   []string{"updateOn on proj/a:env/production:flag/f"},
	},
	{
		number: 2, basis: stated, what: "a deny does not bind another role",
		held: []Held{
			hold("allow * on proj/*", "allow * on proj/*:env/*:flag/*", "deny updateOn on proj/*:env/production:flag/*"),
			hold("allow updateOn on proj/*:env/production:flag/*"),
		},
		yes: []string{"updateOn on proj/a:env/production:flag/f"},
	},
	{
		number: 3, basis: stated, what: "a direct role takes the place of the base role, which is then not held",
		held: []Held{hold("allow viewProject on proj/a")},
		yes:  []string{"viewProject on proj/a"},
		no:   []string{"updateOn on proj/a:env/e:flag/f", "updateOn on proj/b:env/e:flag/f", "viewProject on proj/b"},
	},
	{
		number: 4, basis: stated, what: "a role through a team adds to the base role",
		held: []Held{writer, {Role: hold("allow viewProject on proj/a").Role, Through: "team t"}},
		yes:  []string{"updateOn on proj/a:env/e:flag/f", "updateOn on proj/b:env/e:flag/f", "viewProject on proj/b"},
	},
	{
		number: 5, basis: prose, what: "a deny beats what base permissions allow",
		held: []Held{hold("reader", "deny viewProject on proj/a")},
		yes:  []string{"viewProject on proj/b"},
		no:   []string{"viewProject on proj/a"},
	},
	{
		number: 5, basis: prose, what: "but not those of another role",
		held: []Held{hold("reader", "deny viewProject on proj/a"), hold("reader")},
		yes:  []string{"viewProject on proj/a", "viewProject on proj/b"},
	},
	{
		number: 6, basis: prose, what: "without viewProject nothing in a project is usable",
		held: []Held{hold("allow * on proj/a:env/*:flag/*")},
		no:   []string{"updateOn on proj/a:env/e:flag/f", "deleteFlag on proj/a:env/e:flag/f"},
	},
	{
		number: 7, basis: stated, what: "tags in one specifier: all of them",
		held: []Held{viewing, hold("allow updateOn on proj/*:env/*:flag/*;a,b")},
		yes:  []string{"updateOn on proj/p:env/e:flag/f;a,b", "updateOn on proj/p:env/e:flag/f;b,c,a"},
		no:   []string{"updateOn on proj/p:env/e:flag/f;a", "updateOn on proj/p:env/e:flag/f;b", "updateOn on proj/p:env/e:flag/f"},
	},
	{
		number: 7, basis: stated, what: "two specifiers: either",
		held: []Held{viewing, hold("allow updateOn on proj/*:env/*:flag/*;a proj/*:env/*:flag/*;b")},
		yes:  []string{"updateOn on proj/p:env/e:flag/f;a", "updateOn on proj/p:env/e:flag/f;b"},
		no:   []string{"updateOn on proj/p:env/e:flag/f;c"},
	},
	{
		number: 8, basis: stated, what: "a property of the environment",
		held: []Held{viewing, hold("allow * on proj/*:env/*:flag/*", "deny updateOn on proj/*:env/*;{critical:true}:flag/*")},
		yes:  []string{"updateOn on proj/p:env/e;{critical:false}:flag/f", "updateOn on proj/p:env/e:flag/f"},
		no:   []string{"updateOn on proj/p:env/e;{critical:true}:flag/f"},
	},
	{
		number: 9, basis: stated, what: "an attribute stands for each of its values",
		held: []Held{viewing, hold("allow updateOn on proj/${roleAttribute/p}:env/*:flag/*").with("p", "x", "y")},
		yes:  []string{"updateOn on proj/x:env/e:flag/f", "updateOn on proj/y:env/e:flag/f"},
		no:   []string{"updateOn on proj/z:env/e:flag/f"},
	},
	{
		number: 9, basis: inferred, what: "an attribute that is not set matches nothing",
		held: []Held{viewing, hold("allow updateOn on proj/${roleAttribute/p}:env/*:flag/*")},
		no:   []string{"updateOn on proj/x:env/e:flag/f"},
	},
	{
		number: 10, basis: inferred, what: "notResources covers the kind that is listed",
		sem:  []string{"notResources=sameKind"},
		held: []Held{viewing, hold("allow * on not proj/*:env/production:flag/*")},
		yes:  []string{"updateOn on proj/p:env/test:flag/f"},
		no:   []string{"updateOn on proj/p:env/production:flag/f", "updateOn on proj/p:metric/m", "updateName on proj/p:env/test", "updateSessionTimeout on acct"},
	},
	{
		number: 10, basis: stated, what: "notResources covers whatever is not listed",
		sem:  []string{"notResources=everyKind"},
		held: []Held{viewing, hold("allow * on not proj/*:env/production:flag/*")},
		yes:  []string{"updateOn on proj/p:env/test:flag/f", "updateOn on proj/p:metric/m", "updateName on proj/p:env/test", "updateSessionTimeout on acct"},
		no:   []string{"updateOn on proj/p:env/production:flag/f"},
	},
}

func TestVectors(t *testing.T) {
	seen, asked := map[int]bool{}, 0
	for _, v := range vectors {
		sem := under(v.sem...)
		for _, held := range [][]Held{v.held, reversed(v.held)} {
			for want, requests := range map[bool][]string{true: v.yes, false: v.no} {
				for _, text := range requests {
					asked++
					if d := Evaluate(held, ask(text), sem); d.Allowed != want {
						t.Errorf("vector %d (%s: %s): %s: %v\n%q", v.number, v.basis, v.what, text, d.Allowed, texts(d.Reasons))
					}
				}
			}
		}
		seen[v.number] = true
	}
	if len(seen) != 10 {
		t.Errorf("%d vectors of 10", len(seen))
	}
	t.Logf("%d vectors in %d cases, %d requests", len(seen), len(vectors), asked)
}

// TestVectorEveryEnvironment is the second half of vector 8, inferred: a deny in critical
// environments of an action that changes all of them blocks it everywhere.
func TestVectorEveryEnvironment(t *testing.T) {
	held := []Held{viewing, hold("allow * on proj/*:env/*:flag/*", "deny updateTags on proj/*:env/*;{critical:true}:flag/*")}
	for _, c := range []struct {
		others []string
		want   bool
	}{
		{nil, true},
		{[]string{"env/staging"}, true},
		{[]string{"env/staging", "env/production;{critical:true}"}, false},
	} {
		if d := Evaluate(held, ask("updateTags on proj/p:env/test:flag/f", c.others...), DefaultSemantics()); d.Allowed != c.want {
			t.Errorf("with %q: %v", c.others, d.Allowed)
		}
	}
}
