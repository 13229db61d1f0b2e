package main

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rolewright/rolewright/reconcile/github/githubtest"
)

var update = flag.Bool("update", false, "rewrite golden files and the expected output of scripts")

// TestMain lets scripts run this test binary as "rolewright", so that coverage counts and nothing
// is built.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"rolewright": func() { os.Exit(mainCode()) },
	})
}

// TestScripts runs testdata/script/*.txtar: every command, flag and exit code as a user meets them.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setupScript,
		Cmds:                allScriptCommands(),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
	})
}

func allScriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	all := maps.Clone(scriptCommands)
	maps.Copy(all, githubCommands)
	return all
}

func setupScript(env *testscript.Env) error {
	repo, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	env.Setenv("REPO", repo)
	env.Setenv("NO_COLOR", "1")
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("CI", "")
	env.Setenv("GITHUB_ACTIONS", "") // these tests run in Actions too
	env.Values[emulatorKey{}] = new(*scriptEmulator)
	env.Values[githubKey{}] = new(*githubtest.Server)
	return nil
}
