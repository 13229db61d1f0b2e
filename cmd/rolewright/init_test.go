package main

import (
	"runtime/debug"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile"
)

func TestActionPin(t *testing.T) {
	commit := strings.Repeat("ab", 20)
	for _, tc := range []struct{ version, commit, modified, want string }{
		{"v1.2.3", commit, "false", commit + " # v1.2.3"},
		{"v1.2.4-0.20261123140000-abababababab", commit, "false", commit},
		{"v1.2.3+dirty", commit, "true", ""},
		{"v1.2.3", "", "", "v1.2.3 # better: the commit of this tag"},
		{"v0.0.0-20261123140000-abababababab", "", "", ""},
		{"(devel)", "", "", ""},
	} {
		info := &debug.BuildInfo{Main: debug.Module{Version: tc.version}}
		if tc.commit != "" {
			info.Settings = []debug.BuildSetting{{Key: "vcs.revision", Value: tc.commit}, {Key: "vcs.modified", Value: tc.modified}}
		}
		if got := actionPin(info); got != tc.want {
			t.Errorf("%+v: %q, want %q", tc, got, tc.want)
		}
	}
	if got := actionPin(nil); got != "" {
		t.Errorf("no information: %q", got)
	}
}

// TestScaffoldPin: the pin stands wherever the workflow uses the action, and the placeholder nowhere.
func TestScaffoldPin(t *testing.T) {
	files, err := reconcile.Scaffold("v1.2.3 # why")
	if err != nil {
		t.Fatal(err)
	}
	pins := 0
	for _, f := range files {
		pins += strings.Count(string(f.Data), "uses: rolewright/rolewright@v1.2.3 # why\n")
		if strings.Contains(string(f.Data), reconcile.ActionPlaceholder) {
			t.Errorf("%s still has the placeholder", f.Path)
		}
	}
	if pins != 4 {
		t.Errorf("%d pins, want those of validate, test, plan and apply", pins)
	}
}
