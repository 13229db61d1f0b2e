package plan_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// drawText draws what may stand in a plan: any text that JSON can hold.
func drawText(t *rapid.T, name string) string {
	return rapid.OneOf(rapid.SampledFrom([]string{"", "a@x.org", "</script>", "\x1b[31m", "\u2028", "::error::x"}), rapid.String()).Draw(t, name)
}

// concerns draws what a plan may do to people. An optional list is never empty, only missing.
func concerns() *rapid.Generator[*plan.Concerned] {
	return rapid.Custom(func(t *rapid.T) *plan.Concerned {
		number := func(name string) int { return rapid.IntRange(0, 1<<40).Draw(t, name) }
		texts := func(name string) []string {
			list := []string{}
			for range rapid.IntRange(0, 3).Draw(t, name) {
				list = append(list, drawText(t, name))
			}
			return list
		}
		c := &plan.Concerned{
			Members: number("members"), Holders: number("holders"), Gain: number("gain"), Lose: number("lose"),
			Both: number("both"), Undecided: number("undecided"), Effects: []plan.MemberEffect{},
		}
		for range rapid.IntRange(0, 4).Draw(t, "effects") {
			e := plan.MemberEffect{
				Email: drawText(t, "email"), Pending: rapid.Bool().Draw(t, "pending"),
				Verdict: rapid.SampledFrom([]access.Verdict{access.Gains, access.Loses, access.Both, access.Unsure}).Draw(t, "verdict"),
				Gained:  texts("gained"), Lost: texts("lost"), FallsBack: drawText(t, "falls back"),
			}
			if notes := texts("notes"); len(notes) > 0 {
				e.Notes = notes
			}
			c.Effects = append(c.Effects, e)
		}
		return c
	})
}

// TestLawConcernIsNoMeaning: whatever is said of people, a plan is the same one, is read back as it
// was, and says so in the same bytes.
func TestLawConcernIsNoMeaning(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		one, two := w.plan(), w.plan()
		c := concerns().Draw(t, "people")
		two.Concern(c)
		if one.PlanHash != two.PlanHash || one.ExitReason != two.ExitReason || one.Summary != two.Summary {
			t.Fatalf("another plan: %s %s", two.PlanHash, two.ExitReason)
		}
		if one.FileDigest == two.FileDigest {
			t.Fatal("the file says more, and its sum is the same")
		}
		data := plan.Encode(two)
		read, err := plan.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, read.People); diff != "" || !bytes.Equal(plan.Encode(read), data) {
			t.Fatalf("reads back as\n%s", diff)
		}
		if err := read.Same(one); (err == nil) != (len(one.Blocks) == 0) {
			t.Fatal(err)
		}
	})
}

// TestNobodyConcerned: a plan that was not asked about people says nothing of them, which is not the
// same as that nobody is concerned.
func TestNobodyConcerned(t *testing.T) {
	p := small()
	if data := plan.Encode(p); bytes.Contains(data, []byte(`"people"`)) {
		t.Errorf("%s", data)
	}
	p.Concern(&plan.Concerned{Members: 3, Effects: []plan.MemberEffect{}})
	read, err := plan.Decode(plan.Encode(p))
	if err != nil || read.People == nil || read.People.Members != 3 || read.People.Effects == nil {
		t.Errorf("%+v, %v", read, err)
	}
	p.Concern(nil)
	if !bytes.Equal(plan.Encode(p), plan.Encode(small())) {
		t.Error("what was said of people is not gone")
	}
}

// TestAlteredConcern: what is said of people is under the sum over the file.
func TestAlteredConcern(t *testing.T) {
	p := small()
	p.Concern(&plan.Concerned{Members: 3, Gain: 1, Effects: []plan.MemberEffect{{Email: "a@x.org", Verdict: access.Gains, Gained: []string{"x"}, Lost: []string{}}}})
	good := plan.Encode(p)
	var altered *plan.AlteredError
	for _, swap := range [][2]string{{`"gain": 1`, `"gain": 0`}, {"a@x.org", "b@x.org"}, {`"verdict": "gains"`, `"verdict": "loses"`}} {
		bad := bytes.Replace(good, []byte(swap[0]), []byte(swap[1]), 1)
		if bytes.Equal(bad, good) {
			t.Fatalf("no %s in the plan", swap[0])
		}
		if _, err := plan.Decode(bad); !errors.As(err, &altered) || !strings.Contains(err.Error(), "fileDigest") {
			t.Errorf("%s: %v", swap[1], err)
		}
	}
	unknown := bytes.Replace(good, []byte(`"gain": 1`), []byte(`"gian": 1`), 1)
	var form *plan.FormatError
	if _, err := plan.Decode(unknown); !errors.As(err, &form) {
		t.Errorf("an unknown field: %v", err)
	}
}

// TestAffected counts everybody of whom it is known.
func TestAffected(t *testing.T) {
	if n := (plan.Concerned{Members: 1000, Holders: 100, Gain: 1, Lose: 20, Both: 300, Undecided: 4000}).Affected(); n != 321 {
		t.Error(n)
	}
}

// TestScopeOfPeople: people are read where either kind of them is managed.
func TestScopeOfPeople(t *testing.T) {
	all := &role.Scope{Include: []string{"*"}}
	for _, tt := range []struct {
		scope plan.Scope
		want  bool
	}{{plan.Scope{}, false}, {plan.Scope{Teams: all}, true}, {plan.Scope{Members: all}, true}, {plan.Scope{Teams: all, Members: all}, true}} {
		if tt.scope.People() != tt.want {
			t.Errorf("%+v", tt.scope)
		}
	}
}
