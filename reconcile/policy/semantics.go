package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
)

// Semantics answers every question about the meaning of a policy that LaunchDarkly leaves open.
// Each field is one question; the values that it can have are the constants below it, or true and
// false. Two values compare with ==. Use [DefaultSemantics]: the zero value is not the default.
//
// The sources are LaunchDarkly's pages (docs), its OpenAPI description, its Terraform provider and
// public notes of requests that were tried (notes). "Inferred" means that no source says it.
type Semantics struct {
	// NotResources is what a statement with notResources covers. LaunchDarkly's docs say "any
	// resource that does not match", whatever its kind, which grants account administration to
	// an allow of everything but some flags; their examples read it as "all flags except".
	// Default EveryKind: the algorithm as documented, and the reading that shows the danger.
	NotResources string

	// ViewPrecondition makes viewProject on a project necessary for everything that lies in the
	// project, and for the project's own actions except viewProject itself. Docs (private
	// projects): "members cannot change what they cannot view". Default true.
	ViewPrecondition bool

	// ViewFrom says which role must grant that viewProject. The docs do not say; as the roles of
	// a member add up, default AnyRole.
	ViewFrom string

	// EnvironmentWide says who must allow an action that changes a flag in every environment of
	// its project. Docs (role actions): permission is needed "in all environments"; whether one
	// role must give it is not said. Default Union: in each environment some role allows it.
	EnvironmentWide string

	// UnknownScope is how a flag action is treated for which no source says whether it changes
	// one environment or all ("unknown" in the catalogue). Inferred; default OneEnvironment.
	UnknownScope string

	// ForeignActions says whether an action that the catalogue has for other types only, as
	// viewProject on a flag, can be asked of a resource at all. LaunchDarkly stores statements
	// with such pairs (notes), and no page gives them a meaning. Default NoRequest: nobody can
	// make the request, so nobody gains or loses it. Actions that no type of the catalogue has,
	// and types without known actions, are never foreign.
	ForeignActions string

	// ReaderActions is what base permissions "reader" grant. OpenAPI: "read access"; docs until
	// 2024 named viewProject and createAccessToken, later pages leave the token out. Default
	// ReaderViews.
	ReaderActions string

	// AttributeGlobs says whether "*" in a role attribute's value is a wildcard. OpenAPI calls
	// the values resource keys, which hold no "*". Inferred; default AttributeLiteral.
	AttributeGlobs string

	// UnsetAttribute is what a role attribute without values stands for. Inferred; default
	// Nothing: the element that holds it matches nothing.
	UnsetAttribute string

	// GlobCrossesColon lets "*" in a name run on over ":", so that "proj/*" names whatever lies
	// in a project too. Docs (role resources): permissions on a parent do not spread to its
	// children. Default false.
	GlobCrossesColon bool

	// BareStar lets the specifier "*" name every resource of every kind. A correction to the
	// docs says that it is answered with 400; the page on private projects (2026) prints it.
	// Default false: it does not parse, and matches nothing.
	BareStar bool

	// CaseSensitive makes letter case count in types, keys, tags, views, properties and actions.
	// Seen in notes for types and keys; inferred for the others. Default true.
	CaseSensitive bool
}

// Values of [Semantics.NotResources].
const (
	EveryKind = "everyKind" // all resources that no listed specifier matches
	SameKind  = "sameKind"  // of those, the ones of a kind that is listed
)

// Values of [Semantics.ViewFrom].
const (
	AnyRole  = "anyRole"  // some held role
	SameRole = "sameRole" // the role that allows the action
)

// Values of [Semantics.EnvironmentWide].
const (
	Union   = "union"   // each environment needs a role, not the same for all
	PerRole = "perRole" // one role must allow it in every environment
)

// Values of [Semantics.UnknownScope].
const (
	OneEnvironment   = "oneEnvironment"
	EveryEnvironment = "everyEnvironment"
)

// Values of [Semantics.ForeignActions].
const (
	NoRequest  = "noRequest"  // it is denied whatever the roles say
	AnyRequest = "anyRequest" // it is a request like any other
)

// Values of [Semantics.ReaderActions].
const (
	ReaderViews       = "view"                     // every action whose name begins with "view"
	ReaderViewsTokens = "viewAndCreateAccessToken" // those and createAccessToken
)

// Values of [Semantics.AttributeGlobs].
const (
	AttributeLiteral = "literal"
	AttributeGlob    = "glob"
)

// Values of [Semantics.UnsetAttribute].
const (
	Nothing    = "nothing"
	Everything = "everything"
)

// DefaultSemantics returns the answers that rolewright gives unless it is told others.
func DefaultSemantics() Semantics {
	return Semantics{
		NotResources:     EveryKind,
		ViewPrecondition: true,
		ViewFrom:         AnyRole,
		EnvironmentWide:  Union,
		UnknownScope:     OneEnvironment,
		ForeignActions:   NoRequest,
		ReaderActions:    ReaderViews,
		AttributeGlobs:   AttributeLiteral,
		UnsetAttribute:   Nothing,
		CaseSensitive:    true,
	}
}

// ReaderPatterns returns the actions that base permissions "reader" grant, on every resource of
// every kind, as elements of a statement's actions.
func (sem Semantics) ReaderPatterns() []string {
	if sem.ReaderActions == ReaderViewsTokens {
		return []string{"view*", "createAccessToken"}
	}
	return []string{"view*"}
}

// NeedsEveryEnvironment reports whether the action, on resources of the type, counts only if it is
// allowed in every environment of the project.
func (sem Semantics) NeedsEveryEnvironment(typ, action string) bool {
	t := DefaultCatalogue().lookup(typ)
	if t == nil {
		return false
	}
	return slices.ContainsFunc(t.Actions, func(a ActionInfo) bool {
		return a.Name == action && (a.AllEnvironments() || a.Scope == "unknown" && sem.UnknownScope == EveryEnvironment)
	})
}

// Foreign reports whether the action is one of other types only, so that it cannot be asked of
// resources of this type.
func (sem Semantics) Foreign(typ, action string) bool {
	if sem.ForeignActions != NoRequest {
		return false
	}
	owners := DefaultCatalogue().actions[action]
	if !sem.CaseSensitive {
		owners = DefaultCatalogue().folded[strings.ToLower(action)]
	}
	t := DefaultCatalogue().lookup(typ)
	return len(owners) > 0 && t != nil && len(t.Actions) > 0 && !slices.Contains(owners, t)
}

// question is one field of Semantics: its name in text, and the values that it can have.
type question struct {
	name   string
	values []string
	get    func(Semantics) string
	set    func(*Semantics, string)
}

// choice is a question whose field holds the value itself.
func choice(name string, field func(*Semantics) *string, values ...string) question {
	return question{
		name, values,
		func(sem Semantics) string { return *field(&sem) },
		func(sem *Semantics, value string) { *field(sem) = value },
	}
}

// yesNo is a question whose field is a bool.
func yesNo(name string, field func(*Semantics) *bool) question {
	return question{
		name,
		[]string{"true", "false"},
		func(sem Semantics) string { return fmt.Sprint(*field(&sem)) },
		func(sem *Semantics, value string) { *field(sem) = value == "true" },
	}
}

// questions are the fields of Semantics, sorted by name.
var questions = []question{
	choice("attributeGlobs", func(s *Semantics) *string { return &s.AttributeGlobs }, AttributeLiteral, AttributeGlob),
	yesNo("bareStar", func(s *Semantics) *bool { return &s.BareStar }),
	yesNo("caseSensitive", func(s *Semantics) *bool { return &s.CaseSensitive }),
	choice("environmentWide", func(s *Semantics) *string { return &s.EnvironmentWide }, Union, PerRole),
	choice("foreignActions", func(s *Semantics) *string { return &s.ForeignActions }, NoRequest, AnyRequest),
	yesNo("globCrossesColon", func(s *Semantics) *bool { return &s.GlobCrossesColon }),
	choice("notResources", func(s *Semantics) *string { return &s.NotResources }, EveryKind, SameKind),
	choice("readerActions", func(s *Semantics) *string { return &s.ReaderActions }, ReaderViews, ReaderViewsTokens),
	choice("unknownScope", func(s *Semantics) *string { return &s.UnknownScope }, OneEnvironment, EveryEnvironment),
	choice("unsetAttribute", func(s *Semantics) *string { return &s.UnsetAttribute }, Nothing, Everything),
	choice("viewFrom", func(s *Semantics) *string { return &s.ViewFrom }, AnyRole, SameRole),
	yesNo("viewPrecondition", func(s *Semantics) *bool { return &s.ViewPrecondition }),
}

// Describe returns one "name=value" for every question, sorted by name: what [ParseSemantics]
// reads, and what is printed with a result.
func (sem Semantics) Describe() []string {
	lines := make([]string, len(questions))
	for i, q := range questions {
		lines[i] = q.name + "=" + q.get(sem)
	}
	return lines
}

// ParseSemantics reads settings of the form "name=value" over the default. It refuses an unknown
// name or value, and a name that is set twice.
func ParseSemantics(settings []string) (Semantics, error) {
	sem := DefaultSemantics()
	seen := map[string]bool{}
	for _, setting := range settings {
		name, value, found := strings.Cut(setting, "=")
		i := slices.IndexFunc(questions, func(q question) bool { return q.name == name })
		switch {
		case !found:
			return Semantics{}, fmt.Errorf("semantics %q: write it as \"name=value\"", setting)
		case i < 0:
			return Semantics{}, unknownQuestion(name)
		case !slices.Contains(questions[i].values, value):
			return Semantics{}, fmt.Errorf("semantics %q: value %q is none of %s", name, value, quoteList(questions[i].values))
		case seen[name]:
			return Semantics{}, fmt.Errorf("semantics %q is set twice", name)
		}
		seen[name] = true
		questions[i].set(&sem, value)
	}
	return sem, nil
}

func unknownQuestion(name string) error {
	var names []string
	for _, q := range questions {
		names = append(names, q.name)
	}
	if near := diag.Nearest(name, names); near != "" {
		return fmt.Errorf("semantics %q: there is no such name, did you mean %q", name, near)
	}
	return fmt.Errorf("semantics %q: there is no such name; there are %s", name, quoteList(names))
}

// quoteList writes words for a message: "a", "b".
func quoteList(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(quoted, ", ")
}
