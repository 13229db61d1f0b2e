package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/github"
)

// inputs are what a workflow asks of the Action: action.yml passes everything below `with:` on, in
// one JSON object of strings, so that a word that nobody knows is refused here and not ignored by
// the runner.
type inputs struct {
	planFlags
	commentFlags
	command, path, target    string
	base, planFile, sarif    string
	failOn                   string
	offline, rollback        bool
	setupGo                  bool // for action.yml itself
	summary, annotations     bool
	timeout                  time.Duration
	parallelism              int
	accessToken, githubToken string
	// given are the inputs that decide what a plan says, as far as they were set.
	given []string
}

// The commands that the Action runs, and what may make a plan fail.
const (
	actionPlan     = "plan"
	actionApply    = "apply"
	actionValidate = "validate"
	actionTest     = "test"
	actionComment  = "comment"

	failOnError    = "error"
	failOnChanges  = "changes"
	failOnHighRisk = "risk-high"
)

// commentFlags say whether and how a pull request gets its comment; the comment command has them
// as flags, the Action as inputs.
type commentFlags struct {
	when string
	mode string
	id   string
}

// When a pull request gets a comment.
const (
	commentAuto    = "auto"         // where the event belongs to a pull request
	commentChanges = "changes-only" // the same, but none is made where there is nothing to say
	commentAlways  = "always"       // it is an error if there is no pull request
	commentNever   = "never"
)

// What becomes of an earlier run's comment.
const (
	modeUpdate       = "update"
	modeHideAndNew   = "hide-and-new"
	modeDeleteAndNew = "delete-and-new"
)

var modes = map[string]github.Mode{
	modeUpdate: github.Update, modeHideAndNew: github.HideAndNew, modeDeleteAndNew: github.DeleteAndNew,
}

func (f *commentFlags) add(flags *pflag.FlagSet) {
	flags.Var(newChoice(&f.when, commentAuto, commentChanges, commentAlways, commentNever), "comment",
		"auto, changes-only (none is made while there is nothing to change), always (fail where there is no pull request) or never")
	flags.Var(newChoice(&f.mode, modeUpdate, modeHideAndNew, modeDeleteAndNew), "comment-mode",
		"update, hide-and-new or delete-and-new")
	flags.StringVar(&f.id, "comment-id", "", "tells comments of one target apart, where a matrix makes several")
}

// flags are the inputs as flags of the same names; tokens are no flags.
func (in *inputs) flags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("action", pflag.ContinueOnError)
	flags.Var(newChoice(&in.command, actionPlan, actionApply, actionValidate, actionTest, actionComment), "command", "")
	flags.StringVar(&in.path, "path", ".", "")
	flags.StringVar(&in.target, "target", "", "")
	flags.StringVar(&in.base, "base", "", "")
	flags.BoolVar(&in.offline, "offline", false, "")
	flags.StringVar(&in.planFile, "plan-file", "", "")
	flags.BoolVar(&in.rollback, "allow-rollback", false, "")
	flags.Var(newChoice(&in.failOn, failOnError, failOnChanges, failOnHighRisk), "fail-on", "")
	flags.BoolVar(&in.summary, "step-summary", true, "")
	flags.BoolVar(&in.annotations, "annotations", true, "")
	flags.BoolVar(&in.setupGo, "setup-go", true, "")
	flags.StringVar(&in.sarif, "sarif-file", "", "")
	flags.DurationVar(&in.timeout, "timeout", defaultTimeout, "")
	flags.IntVar(&in.parallelism, "parallelism", defaultParallelism, "")
	in.planFlags.add(flags)
	in.commentFlags.add(flags)
	return flags
}

// parseInputs reads the JSON object of the inputs. All that is wrong with it is one error. The
// tokens are there even then, so that they can be masked first.
func parseInputs(data string) (*inputs, error) {
	in := &inputs{}
	var given map[string]string
	if err := json.Unmarshal([]byte(data), &given); err != nil {
		return in, usage("run rolewright through its Action: action.yml sets it to toJSON(inputs)",
			"ROLEWRIGHT_INPUTS is no JSON object of strings: %w", err)
	}
	in.accessToken, in.githubToken = strings.TrimSpace(given["access-token"]), strings.TrimSpace(given["github-token"])
	delete(given, "access-token")
	delete(given, "github-token")
	flags := in.flags()
	var wrong []string
	for name, value := range given {
		if why := setInput(flags, name, strings.TrimSpace(value)); why != "" {
			wrong = append(wrong, why)
		}
	}
	wrong = append(wrong, in.contradictions()...)
	in.given = givenOf(flags)
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return in, usage("the inputs stand below `with:` of the step; action.yml describes each", "%s", strings.Join(wrong, "; "))
	}
	return in, nil
}

// setInput gives one input its value and says what is wrong with it. An empty value is the default:
// that is what an expression of something that is not there comes to.
func setInput(flags *pflag.FlagSet, name, value string) string {
	flag := flags.Lookup(name)
	if flag == nil {
		names := []string{"access-token", "github-token"}
		flags.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := diag.Nearest(name, names); near != "" {
			return fmt.Sprintf("input %q is not known, did you mean %q?", name, near)
		}
		return fmt.Sprintf("input %q is not known", name)
	}
	if value == "" {
		return ""
	}
	if flag.Value.Type() == "stringSlice" {
		value = strings.Join(strings.Fields(value), ",") // a list may stand on several lines
	}
	if err := flag.Value.Set(value); err != nil {
		return fmt.Sprintf("input %s: %q: %v", name, value, plainly(err))
	}
	flag.Changed = true
	return ""
}

// contradictions are the inputs that make no sense together.
func (in *inputs) contradictions() (wrong []string) {
	if err := in.check(); err != nil {
		wrong = append(wrong, err.Error())
	}
	if in.parallelism < 1 {
		wrong = append(wrong, fmt.Sprintf("input parallelism: %d: want at least 1", in.parallelism))
	}
	if in.timeout <= 0 {
		wrong = append(wrong, fmt.Sprintf("input timeout: %s: want more than 0", in.timeout))
	}
	if in.command == actionComment && in.planFile == "" {
		wrong = append(wrong, "input plan-file: command comment wants the plan to show")
	}
	if in.offline && in.command != actionPlan {
		wrong = append(wrong, "input offline: only command plan compares with the base branch")
	}
	return wrong
}

// choice is a flag that takes one of a few words; the first is the default.
type choice struct {
	value *string
	words []string
}

func newChoice(value *string, words ...string) *choice {
	*value = words[0]
	return &choice{value, words}
}

// String returns the word in force.
func (c *choice) String() string { return *c.value }

// Type names the flag's value in help.
func (c *choice) Type() string { return "WORD" }

// Set takes one of the words.
func (c *choice) Set(s string) error {
	if slices.Contains(c.words, s) {
		*c.value = s
		return nil
	}
	if near := diag.Nearest(s, c.words); near != "" {
		return fmt.Errorf("want %s; did you mean %q?", strings.Join(c.words, ", "), near)
	}
	return fmt.Errorf("want %s", strings.Join(c.words, ", "))
}
