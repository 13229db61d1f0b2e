package reconcile_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/rolewright/rolewright/"

// levels is the house of design: a package imports only from lower levels, or its own children.
var levels = [][]string{
	{"reconcile/role", "reconcile/diag", "schema", "reconcile/internal/seeded", "reconcile/internal/fuzzing", "reconcile/internal/pattern"},
	{"reconcile/policy", "reconcile/manifest"},
	{"reconcile/access"},
	{"reconcile/people"},
	{"reconcile/lint", "reconcile/check", "reconcile/plan"},
	{"reconcile/apply", "reconcile/launchdarkly", "reconcile/emulator", "reconcile/github", "reconcile/git"},
	{"reconcile/report", "reconcile/journal"},
	{"reconcile"},
	{"cmd/rolewright", "reconcile/simulation"},
}

// outside lists the modules that a package may use beside the standard library. A package that is
// not named here may use none.
var outside = map[string][]string{
	"reconcile/diag":            {"github.com/agext/levenshtein"},
	"schema":                    {"github.com/santhosh-tekuri/jsonschema/v5", "github.com/agext/levenshtein"},
	"reconcile/policy":          {"github.com/agext/levenshtein"},
	"reconcile/manifest":        {"gopkg.in/yaml.v3", "golang.org/x/text/unicode/norm"},
	"reconcile/manifest/layout": {"gopkg.in/yaml.v3"},
	"reconcile/launchdarkly":    {"github.com/hashicorp/go-retryablehttp"},
	"reconcile/github":          {"github.com/google/go-github/v60/github"},
	"reconcile/emulator":        {"github.com/evanphx/json-patch/v5", "go.etcd.io/bbolt", "go.etcd.io/bbolt/errors"},
	"reconcile/report":          {"github.com/fatih/color", "golang.org/x/text/width"},
	"cmd/rolewright": {
		"github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/term",
		"github.com/aymanbagabas/go-udiff",
	},
}

func TestLevels(t *testing.T) {
	checked := 0
	for pkg, imports := range importGraph(t) {
		for _, imported := range imports {
			if why := forbidden(pkg, imported); why != "" {
				t.Errorf("%s imports %s: %s", pkg, imported, why)
			}
			checked++
		}
	}
	if checked < 50 {
		t.Fatalf("only %d imports seen: the graph was not read", checked)
	}
	t.Logf("%d imports checked", checked)
}

// TestLevelsBite proves that the rule refuses what it must.
func TestLevelsBite(t *testing.T) {
	for _, edge := range [][2]string{
		{"reconcile/role", module + "reconcile/diag"},
		{"reconcile/emulator", module + "reconcile/launchdarkly"},
		{"reconcile/launchdarkly", module + "reconcile/emulator"},
		{"reconcile/plan", module + "reconcile/apply"},
		{"reconcile", module + "reconcile/launchdarkly"},
		{"reconcile", module + "reconcile/emulator"},
		{"reconcile", module + "reconcile/git"},
		{"reconcile/role", "gopkg.in/yaml.v3"},
		{"reconcile/unheard-of", module + "reconcile/role"},
	} {
		if forbidden(edge[0], edge[1]) == "" {
			t.Errorf("%s may import %s", edge[0], edge[1])
		}
	}
}

func importGraph(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", module+"...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	graph := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		graph[strings.TrimPrefix(fields[0], module)] = fields[1:]
	}
	return graph
}

// forbidden returns why pkg may not import imported, or "".
func forbidden(pkg, imported string) string {
	if !strings.Contains(strings.Split(imported, "/")[0], ".") {
		return "" // the standard library
	}
	own, ours := strings.CutPrefix(imported, module)
	if !ours {
		if slices.Contains(outside[pkg], imported) {
			return ""
		}
		return "not on the list of this package's outside modules"
	}
	if strings.HasPrefix(own, pkg+"/") && level(own) < 0 {
		return "" // a child that only its parent knows
	}
	from, to := level(parent(pkg)), level(parent(own))
	switch {
	case from < 0 || to < 0:
		return "has no level"
	case pkg == "reconcile" && slices.Contains(levels[5][1:], own):
		return "adapters are known only through interfaces"
	case to >= from:
		return "is not of a lower level"
	}
	return ""
}

// parent returns pkg, or the nearest folder above it that has a level. The folder reconcile holds
// packages of every level and lends its own to none.
func parent(pkg string) string {
	for at := pkg; at != "reconcile"; {
		if level(at) >= 0 {
			return at
		}
		i := strings.LastIndex(at, "/")
		if i < 0 {
			break
		}
		at = at[:i]
	}
	return pkg
}

func level(pkg string) int {
	return slices.IndexFunc(levels, func(l []string) bool { return slices.Contains(l, pkg) })
}
