package lint

import (
	"testing"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// TestCache: with a cache the same is found, only what changed is proved again, and what is gone is
// forgotten.
func TestCache(t *testing.T) {
	in := Input{Files: Files{Roles: townRoles(20)}, Settings: DefaultSettings()}
	in.Files.Roles[3].Policy = append(in.Files.Roles[3].Policy, role.Statement{Effect: role.Deny, Actions: []string{"updateOn"}, Resources: []string{"proj/none:env/*:flag/*"}})
	want := render(RunAll(in, nil).Findings)
	if want == "" {
		t.Fatal("nothing is found")
	}
	in.Cache = NewCache()
	for range 2 {
		if got := render(RunAll(in, nil).Findings); got != want {
			t.Fatalf("with a cache\n%s\nwithout\n%s", got, want)
		}
	}
	full := len(in.Cache.last)
	kept := 0
	for _, change := range []func(){
		func() { in.Files.Roles[3].Policy = in.Files.Roles[3].Policy[:20] },
		func() { in.Files.Roles[4].Source.Line++ },
	} {
		before := in.Cache.last
		change()
		RunAll(in, nil)
		for key := range in.Cache.last {
			if _, known := before[key]; known {
				kept++
			}
		}
		if len(in.Cache.last) != full || kept != full/20*19 {
			t.Errorf("%d of %d results are kept, want %d", kept, len(in.Cache.last), full/20*19)
		}
		kept = 0
	}
	if found := RunAll(in, nil).Findings; len(found) > 0 {
		t.Errorf("an old result is still there:\n%s", render(found))
	}
}

// TestCacheSeesTheWorld: other settings, semantics and inventories are other questions.
func TestCacheSeesTheWorld(t *testing.T) {
	in := Input{Files: Files{Roles: townRoles(1)}, Settings: DefaultSettings(), Cache: NewCache()}
	for name, change := range map[string]func(*Input){
		"settings":  func(in *Input) { in.Settings.NewSince = "2026-01" },
		"semantics": func(in *Input) { in.Semantics = policy.DefaultSemantics(); in.Semantics.ViewPrecondition = false },
		"inventory": func(in *Input) { in.Inventory = &role.Inventory{} },
	} {
		RunAll(in, nil)
		before := in.Cache.last
		other := in
		change(&other)
		RunAll(other, nil)
		for key := range in.Cache.last {
			if _, known := before[key]; known {
				t.Errorf("%s: an old result was taken", name)
				break
			}
		}
	}
}

// TestNotRun: rules that have to know more are named, unless they are disabled.
func TestNotRun(t *testing.T) {
	r := RunAll(Input{}, []string{"LD118"})
	if len(r.NotRun) == 0 || r.NotRun[0] != "LD119" {
		t.Errorf("not run: %q", r.NotRun)
	}
	for _, rule := range Rules() {
		if one := (rule.Run == nil) != (rule.Prove == nil) || rule.Run == nil && rule.People != nil; !one || rule.Bad == "" || rule.Good == "" {
			t.Errorf("%s: not exactly one of Run and Prove, nor People alone, or no examples", rule.Code)
		}
	}
}

func TestCheckSettings(t *testing.T) {
	if list := CheckSettings(DefaultSettings()); len(list) > 0 {
		t.Error(list)
	}
	s := Settings{WideBoxes: []string{"launch", "updateOn on proj/"}, NewSince: "2026-13"}
	if list := CheckSettings(s); len(list) != 3 {
		t.Error(list)
	}
	found := RunAll(Input{Settings: s, Files: Files{Roles: townRoles(1)}}, nil).Findings
	if countCode(found, "LD000") != 3 || diag.HasErrors(found) {
		t.Error(render(found))
	}
}
