package emulator

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// TestPermissions: every route and every part of a patch that writes has one action, which the
// catalogue knows for the type.
func TestPermissions(t *testing.T) {
	type place struct{ method, path, part string }
	seen := map[place]bool{}
	for _, p := range Permissions() {
		at := place{p.Method, p.Path, p.For}
		if seen[at] {
			t.Errorf("%v twice", at)
		}
		seen[at] = true
		info, known := policy.DefaultCatalogue().Type(p.Type)
		if !known || !slices.ContainsFunc(info.Actions, func(a policy.ActionInfo) bool { return a.Name == p.Action }) {
			t.Errorf("%v: %s has no action %s", at, p.Type, p.Action)
		}
	}
	parts := map[string][]string{rolesPath + "/{key}": roleFields, membersPath + "/{key}": memberFields}
	for kind := range memberInstructions {
		parts[membersPath] = append(parts[membersPath], kind)
	}
	for kind := range teamInstructions {
		parts[teamsPath+"/{key}"] = append(parts[teamsPath+"/{key}"], kind)
	}
	want := 0
	for path, methods := range routes {
		for method := range methods {
			names := []string{""}
			switch {
			case method == http.MethodPatch:
				names = parts[path]
			case method == http.MethodGet && !slices.ContainsFunc([]string{teamsPath, projectsPath, flagsPath}, func(p string) bool { return strings.HasPrefix(path, p) }):
				continue // takes nothing that is known
			}
			for _, name := range names {
				want++
				if !seen[place{method, path, name}] {
					t.Errorf("%s %s %s takes no permission", method, path, name)
				}
			}
		}
	}
	if len(seen) != want {
		t.Errorf("%d permissions for %d things to do", len(seen), want)
	}
}
