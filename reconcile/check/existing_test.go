package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

func drawInventory(t *rapid.T) *role.Inventory {
	in := &role.Inventory{}
	tags := func(label string) []string {
		return rapid.SampledFrom([][]string{nil, {"x"}, {"y"}, {"x", "y"}}).Draw(t, label)
	}
	for _, key := range []string{"web", "shop"} {
		if rapid.IntRange(0, 3).Draw(t, "project") == 0 {
			continue
		}
		p := role.Project{Key: key}
		for _, env := range []string{"dev", "prod"} {
			if rapid.IntRange(0, 3).Draw(t, "environment") > 0 {
				p.Environments = append(p.Environments, role.Environment{Key: env, Critical: rapid.Bool().Draw(t, "critical")})
			}
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "flags") {
			p.Flags = append(p.Flags, role.Flag{Key: fmt.Sprint("f", i), Tags: tags("tags")})
		}
		in.Projects = append(in.Projects, p)
	}
	return in
}

// existingIn lists what exists of a box, and the flag that could be made in each environment.
func existingIn(in *role.Inventory, box string) (list []policy.Request) {
	inBox := inText(box)
	_, spec, _ := strings.Cut(box, " on ")
	newFlag := policy.Part{Type: "flag", Key: "made"}
	if _, after, tagged := strings.Cut(spec, "flag/*;"); tagged {
		newFlag.Tags = strings.Split(after, ",")
	}
	add := func(environments []policy.Part, resource ...policy.Part) {
		typ, _ := policy.DefaultCatalogue().Type(resource[len(resource)-1].Type)
		for _, a := range typ.Actions {
			if r := (policy.Request{Action: a.Name, Resource: resource}); inBox(r) {
				r.Environments = environments
				list = append(list, r)
			}
		}
	}
	makes := inBox(policy.Request{Action: "createFlag", Resource: []policy.Part{{Type: "proj"}, {Type: "env"}, newFlag}}) || strings.Contains(box, "createFlag") || strings.Contains(box, "*")
	makes = makes && slices.ContainsFunc(strings.Split(strings.Split(box, " on ")[0], ", "), func(a string) bool { return policy.MatchAction(a, "createFlag") })
	for _, p := range in.Projects {
		project := policy.Part{Type: "proj", Key: p.Key}
		add(nil, project)
		var environments []policy.Part
		for _, e := range p.Environments {
			environments = append(environments, policy.Part{Type: "env", Key: e.Key, Properties: map[string]string{"critical": fmt.Sprint(e.Critical)}})
		}
		for _, e := range environments {
			for _, f := range p.Flags {
				add(environments, project, e, policy.Part{Type: "flag", Key: f.Key, Tags: f.Tags})
			}
			if makes {
				add(environments, project, e, newFlag)
			}
		}
	}
	return list
}

// TestExistingLaws: with an inventory "can" and "canSome" are about what it lists, and each
// environment that an action changes counts.
func TestExistingLaws(t *testing.T) {
	verdicts := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		r := drawRole(t, "r0")
		if rapid.Bool().Draw(t, "without denies") {
			r.Policy = slices.DeleteFunc(r.Policy, func(s role.Statement) bool { return s.Effect == role.Deny })
		}
		inventory := drawInventory(t)
		box := drawBox(t)
		test := role.AccessTest{Name: "x", As: &role.TestSubject{Role: "r0"}, CanSome: textOf(box)}
		want := false
		if uses := strings.Contains(fmt.Sprint(r.Policy), "${"); uses {
			test.As.RoleAttributes = role.Attributes{"p": {"web"}}
		}
		if rapid.Bool().Draw(t, "all") {
			test.Can, test.CanSome = test.CanSome, nil
			want = true
		}
		list := existingIn(inventory, box)
		result := Run(Input{Tests: []role.AccessTest{test}, Roles: []role.Desired{{Role: r}}, Inventory: inventory, Semantics: real, NoFixes: true})[0]
		if strings.HasSuffix(box, "role/*") || strings.Contains(box, " on role/") || want && len(list) == 0 {
			if result.World != WorldFiles || len(result.Notes) == 0 {
				t.Fatalf("%+v", result)
			}
			return
		}
		allowed := allowing(real, policy.Held{Role: r, Attributes: test.As.RoleAttributes})
		got := slices.ContainsFunc(list, func(q policy.Request) bool { return allowed(q) != want })
		if pass := got != want; (result.Verdict == Pass) != pass || result.World != WorldInventory {
			t.Fatalf("enumeration of %d: pass is %v, got %+v", len(list), pass, result)
		}
		verdicts[result.Assertion+" "+string(result.Verdict)]++
	})
	for _, form := range []string{Can, CanSome} {
		if !testing.Short() && (verdicts[form+" pass"] == 0 || verdicts[form+" fail"] == 0) {
			t.Errorf("one-sided: %v", verdicts)
		}
	}
}

// TestExistingLimits: what is too much, or not listed, is asked as without an inventory.
func TestExistingLimits(t *testing.T) {
	many := role.Project{Key: "web", Environments: []role.Environment{{Key: "dev"}}}
	for i := range maxExisting + 1 {
		many.Flags = append(many.Flags, role.Flag{Key: fmt.Sprint("f", i)})
	}
	few := role.Project{Key: "web", Environments: []role.Environment{{Key: "dev"}}, Flags: []role.Flag{{Key: "a", Views: []string{"v"}}}}
	left := few
	left.FlagsLeft = true
	dev := role.Role{Key: "a", BasePermissions: role.Reader, Policy: []role.Statement{allow("updateOn,createFlag", "proj/${roleAttribute/p}:env/*:flag/*;view:v"), allow("updateCritical", "proj/*:env/*")}}
	for name, test := range map[string]struct {
		project    role.Project
		box        string
		attributes role.Attributes
		world      string
		verdict    Verdict
	}{
		"few":              {few, "updateOn on proj/web:env/*:flag/*", role.Attributes{"p": {"web"}}, WorldInventory, Pass},
		"a new one":        {few, "createFlag on proj/web:env/*:flag/*;view:v*", role.Attributes{"p": {"web"}}, WorldInventory, Fail},
		"new in the view":  {few, "createFlag on proj/web:env/*:flag/*;view:v", role.Attributes{"p": {"web"}}, WorldInventory, Pass},
		"new with a tag":   {few, "createFlag on proj/web:env/*:flag/*;t*,view:v", role.Attributes{"p": {"web"}}, WorldInventory, Pass},
		"many":             {many, "updateOn on proj/web:env/*:flag/*", role.Attributes{"p": {"web"}}, WorldFiles, Fail},
		"not listed":       {left, "updateOn on proj/web:env/*:flag/*", role.Attributes{"p": {"web"}}, WorldFiles, Fail},
		"listed elsewhere": {left, "updateOn on proj/shop:env/*:flag/*", role.Attributes{"p": {"web"}}, WorldFiles, Fail},
		"open values":      {few, "updateOn on proj/web:env/*:flag/*", nil, WorldFiles, Fail},
		"environments":     {few, "updateCritical on proj/web:env/*", role.Attributes{"p": {"web"}}, WorldInventory, Pass},
		"of another kind":  {few, "updatePolicy on role/*", role.Attributes{"p": {"web"}}, WorldFiles, Fail},
	} {
		in := Input{
			Tests: []role.AccessTest{{Name: "x", As: &role.TestSubject{Role: "a", RoleAttributes: test.attributes}, Can: textOf(test.box)}},
			Roles: []role.Desired{{Role: dev}}, Inventory: &role.Inventory{Projects: []role.Project{test.project}}, Semantics: real,
		}
		if r := Run(in)[0]; r.World != test.world || r.Verdict != test.verdict {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestKept: what is remembered of what exists is bounded.
func TestKept(t *testing.T) {
	project := role.Project{Key: "web", Environments: []role.Environment{{Key: "dev"}}, Flags: []role.Flag{{Key: "f1"}, {Key: "f2"}, {Key: "f3"}}}
	test := role.AccessTest{Name: "x", As: &role.TestSubject{Role: "a"}}
	for i := range 10 {
		test.CanSome = append(test.CanSome, textOf(fmt.Sprintf("updateOn, viewProject on proj/web:env/dev:flag/*, proj/%d", i))...)
	}
	r := role.Role{Key: "a", BasePermissions: role.Reader, Policy: []role.Statement{allow("updateOn", "proj/web:env/dev:flag/f2")}}
	s := Prepare(Input{Tests: []role.AccessTest{test}, Roles: rolesOf(r), Inventory: &role.Inventory{Projects: []role.Project{project}}, Semantics: real})
	s.keep = 10
	if results := s.Results(); !Passed(results) || results[0].World != WorldInventory {
		t.Errorf("%+v", results[0])
	}
	if kept := 3 * len(s.exists); kept > s.keep || kept == 0 {
		t.Errorf("%d requests are kept", kept)
	}
}
