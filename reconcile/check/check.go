// Package check judges access tests: what the documents of kind AccessTest assert about roles, teams
// and members.
//
// Invariant: a test passes only if what it asserts is proved, by package access over all requests
// that there can be or by asking the evaluator about everything that exists. Whatever could not be
// decided, or could not be meant, fails. A counterexample has been put to [policy.Evaluator] with
// exactly what the subject holds.
//
// The package must not read files, ask an account or print. It changes nothing that it is given.
//
// The world. Without an account a test is about the files ([WorldFiles]): their roles, and their
// teams and members with what the files give them; who is in which team is not known. With one it is
// about the account as it will be ([WorldAccount]). With an inventory, what "can" is asked about is
// what exists ([WorldInventory]), where the inventory has it.
//
// Views. Nothing in a project can be used without viewProject, which another role may give. So what
// a role or a team must not be able to do is asked as if it could view every project; what it must be
// able to do is asked of it alone.
package check

import (
	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Input is what tests are judged against.
type Input struct {
	Tests []role.AccessTest
	// Roles, Teams and Members are what the files declare. Roles that are to be deleted do not exist.
	Roles   []role.Desired
	Teams   []role.DesiredTeam
	Members []role.DesiredMember
	// People is the account as the plan leaves it; nil judges the files alone.
	People *people.Account
	// Inventory is what exists in the account; nil is not known.
	Inventory *role.Inventory
	// Semantics is what LaunchDarkly leaves open. The zero value is not the default: use
	// [policy.DefaultSemantics].
	Semantics policy.Semantics
	// Budget bounds the work for one question; zero is the engine's default.
	Budget access.Budget
	// Only says which tests are judged, by name; nil is all.
	Only func(name string) bool
	// NoFixes leaves out the search for an edit that would make a failing test pass.
	NoFixes bool
}

// Verdict is how an assertion came out.
type Verdict string

// The verdicts. Everything but Pass fails.
const (
	Pass      Verdict = "pass"
	Fail      Verdict = "fail"
	Undecided Verdict = "undecided" // it could not be found out
	Error     Verdict = "error"     // the assertion cannot be meant as it is written
)

// What an assertion was judged against.
const (
	WorldFiles     = "files"     // what the files declare
	WorldAccount   = "account"   // the account as the plan leaves it
	WorldInventory = "inventory" // that, and the resources that exist in it
)

// The names of assertions, as files write them.
const (
	Can          = "can"
	CanSome      = "canSome"
	Cannot       = "cannot"
	Within       = "within"
	Equals       = "equals"
	Nobody       = "nobody"
	Somebody     = "somebody"
	NoOneBoth    = "noOneBoth"
	NoEscalation = "noEscalation"
	Changes      = "changes"
)

// Result is how one assertion came out: one element of a list in a test is one.
type Result struct {
	Test    string `json:"test"` // the name of the test
	Because string `json:"because,omitempty"`
	// Assertion is [Can] or another of these names; Text is what it asserts, as written. Subject is
	// who it is about, in words.
	Assertion string        `json:"assertion"`
	Text      string        `json:"text"`
	Subject   string        `json:"subject,omitempty"`
	Pos       diag.Position `json:"position"` // of Text
	Verdict   Verdict       `json:"verdict"`
	World     string        `json:"world,omitempty"` // "" for an error
	// Message says what was found, and Hint what to do; "" for a pass.
	Message string `json:"message,omitempty"`
	Hint    string `json:"hint,omitempty"`
	// Notes are what else matters to the verdict, whatever it is.
	Notes []string `json:"notes"`
	// Counterexample is a request that the assertion is wrong about, "" if there is none; Who is
	// somebody for whom it is, and Where says with which role attributes: "projects=web".
	Counterexample string `json:"counterexample,omitempty"`
	Who            string `json:"who,omitempty"`
	Where          string `json:"where,omitempty"`
	// Others counts who else it is wrong about.
	Others int `json:"others,omitempty"`
	// Involved are the statements that the counterexample rests on.
	Involved []Involved `json:"involved"`
	// Fix is a small edit with which the assertion was judged again and passed; nil if none was found.
	Fix *Fix `json:"fix,omitempty"`
}

// Involved is a statement that a counterexample rests on, or the lack of one.
type Involved struct {
	Role string `json:"role,omitempty"` // its key; "" for what is missing
	// Statement is its index in the policy as the subject holds it, presets' statements first; -1 for
	// base permissions and for what is missing.
	Statement int    `json:"statement"`
	Text      string `json:"text"`
	// Pos is the statement in the files; its File is "" if no file has it.
	Pos diag.Position `json:"position"`
}

// Fix is an edit of one role of the files.
type Fix struct {
	Role string `json:"role"`
	// Statement is the index of the statement that is edited, -1 for one that is added.
	Statement int           `json:"statement"`
	Pos       diag.Position `json:"position"` // of what is edited
	Text      string        `json:"text"`     // the edit in words
	// Add is the statement that is added, or the edited one as it will be; nil if one is removed.
	Add *role.Statement `json:"add,omitempty"`
	// Also is what else would follow, in lines: what the role gains and loses, and tests that fail; empty if
	// nothing.
	Also []string `json:"also"`
}

// Passed reports whether all results passed.
func Passed(results []Result) bool {
	for _, r := range results {
		if r.Verdict != Pass {
			return false
		}
	}
	return true
}
