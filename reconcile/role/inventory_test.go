package role

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInventoryNormal(t *testing.T) {
	inv := Inventory{Projects: []Project{
		{Key: "b", Tags: []string{"y", "x", "y"}, Flags: []Flag{{Key: "f", Tags: []string{"b", "a"}, Views: []string{"w", "v", "v"}}, {Key: "e", Archived: true}}},
		{Key: "a", Environments: []Environment{{Key: "t", Tags: []string{"z", "a"}}, {Key: "p", Critical: true}}, FlagsLeft: true},
	}}
	want := Inventory{Projects: []Project{
		{Key: "a", Environments: []Environment{{Key: "p", Critical: true}, {Key: "t", Tags: []string{"a", "z"}}}, Flags: []Flag{}, FlagsLeft: true},
		{Key: "b", Tags: []string{"x", "y"}, Environments: []Environment{}, Flags: []Flag{{Key: "e", Archived: true}, {Key: "f", Tags: []string{"a", "b"}, Views: []string{"v", "w"}}}},
	}}
	got := inv.Normal()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, got.Normal()); diff != "" {
		t.Errorf("not the same again: %s", diff)
	}
	if inv.Projects[0].Key != "b" || inv.Projects[0].Flags[0].Tags[0] != "b" {
		t.Error("the argument was changed")
	}
	if (Inventory{}).Normal().Projects == nil {
		t.Error("nil where JSON wants a list")
	}
}

func TestInventoryCheck(t *testing.T) {
	for want, inv := range map[string]Inventory{
		"":                                      {Projects: []Project{{Key: "a", Environments: []Environment{{Key: "x"}}, Flags: []Flag{{Key: "x"}}}, {Key: "b"}}},
		`project "a" stands in it twice`:        {Projects: []Project{{Key: "a"}, {Key: "a"}}},
		"project number 2 has no key":           {Projects: []Project{{Key: "a"}, {}}},
		`project "a": flag number 1 has no key`: {Projects: []Project{{Key: "a", Flags: make([]Flag, 1)}}},
		`project "a": environment "e" stands in it twice`: {Projects: []Project{{Key: "a", Environments: []Environment{{Key: "e"}, {Key: "e"}}}}},
	} {
		got := ""
		if err := inv.Check(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
