package policy

import (
	_ "embed" // for catalogue.json
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

//go:generate go run gen.go ${LAUNCHDARKLY_ACTIONS} catalogue.json

// Catalogue lists the resource types and actions that LaunchDarkly is known to have. It is a
// dated union of sources, no complete list: what it lacks may exist all the same.
type Catalogue struct {
	Date    string            // year and month of the sources
	Sources map[string]string // short name of a source → what it is
	types   []ResourceType
	// byName finds a type by the name it has in a specifier, aliases too; actions says which
	// types have an action, and folded the same for its name in small letters.
	byName          map[string]*ResourceType
	actions, folded map[string][]*ResourceType
}

// ResourceType is one type of resource.
type ResourceType struct {
	Name string
	// Kinds are the type chains it stands in, as "proj:env:flag"; the first is the usual one.
	Kinds    []string
	Category string // "account" or "project"
	Naming   Naming
	// Tags and Views say whether a segment of this type takes such selectors; Properties names
	// the properties that it takes.
	Tags, Views bool
	Properties  []string
	Deprecated  bool
	Confidence  string       // in the entry: "high", "med" or "low"
	Sources     []string     // short names, see Catalogue.Sources
	Note        string       // may be empty
	Actions     []ActionInfo // sorted by name; empty where no action is known, which means any
}

// Naming says whether a type is followed by a name.
type Naming string

// The forms of naming.
const (
	Named      Naming = "required" // "proj/*"
	MaybeNamed Naming = "optional" // "ip-allowlist" and "ip-allowlist/*"
	NeverNamed Naming = "none"     // "acct"
)

// ActionInfo is one action on one type of resource.
type ActionInfo struct {
	Name, Description string
	// Scope is "env" for an action decided for one environment, "project" for one that changes
	// every environment and must be allowed in all of them, "unknown" where no source says, and
	// "" for types without environments.
	Scope      string
	Since      string // year or year and month of its first mention, where known
	Confidence string // "" is that of the type
	Note       string
}

// AllEnvironments reports whether the action must be allowed in every environment to count.
func (a ActionInfo) AllEnvironments() bool { return a.Scope == "project" }

//go:embed catalogue.json
var catalogueJSON []byte

// DefaultCatalogue returns the embedded catalogue. It is read on first use, never at start.
func DefaultCatalogue() *Catalogue { return embedded() }

var embedded = sync.OnceValue(func() *Catalogue { return mustDecode(catalogueJSON) })

func mustDecode(data []byte) *Catalogue {
	var file struct {
		Date    string
		Sources map[string]string
		Types   []ResourceType
	}
	if err := json.Unmarshal(data, &file); err != nil {
		panic("policy: the embedded catalogue is broken: " + err.Error())
	}
	return newCatalogue(file.Date, file.Sources, file.Types)
}

func newCatalogue(date string, sources map[string]string, types []ResourceType) *Catalogue {
	c := &Catalogue{
		Date: date, Sources: sources, types: types,
		byName:  make(map[string]*ResourceType, len(types)),
		actions: make(map[string][]*ResourceType, 8*len(types)),
		folded:  make(map[string][]*ResourceType, 8*len(types)),
	}
	for i := range types {
		t := &types[i]
		for _, kind := range t.Kinds {
			c.byName[lastType(kind)] = t
		}
		for _, a := range t.Actions {
			c.actions[a.Name] = append(c.actions[a.Name], t)
			small := strings.ToLower(a.Name)
			c.folded[small] = append(c.folded[small], t)
		}
	}
	return c
}

// Types returns all types, in the order of the catalogue. Do not change them.
func (c *Catalogue) Types() []ResourceType { return c.types }

// Type finds a type by the name that it has in a specifier.
func (c *Catalogue) Type(name string) (ResourceType, bool) {
	if t := c.lookup(name); t != nil {
		return *t, true
	}
	return ResourceType{}, false
}

func (c *Catalogue) lookup(name string) *ResourceType { return c.byName[name] }

// ActionKnown reports whether resources of the type have the action. A type that is not in the
// catalogue, or whose actions are not, has every action.
func (c *Catalogue) ActionKnown(typ, action string) bool {
	t := c.lookup(typ)
	return t == nil || len(t.Actions) == 0 || slices.Contains(c.actions[action], t)
}

// ActionTypes returns the names of the types that have the action, in the order of the catalogue.
func (c *Catalogue) ActionTypes(action string) []string {
	var names []string
	for _, t := range c.actions[action] {
		names = append(names, t.Name)
	}
	return names
}

// MatchesAction reports whether pattern, as "update*", matches some action of the type. A type
// that is not in the catalogue, or whose actions are not, has every action.
func (c *Catalogue) MatchesAction(typ, pattern string) bool {
	t := c.lookup(typ)
	return t == nil || len(t.Actions) == 0 || slices.ContainsFunc(t.Actions, func(a ActionInfo) bool {
		return MatchAction(pattern, a.Name)
	})
}
