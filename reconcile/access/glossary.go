package access

import (
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A glossary is what an engine knows of words: all that does not depend on the formulas that it has
// made. Engines that follow one another share it, see [Engine.Anew].
type glossary struct {
	languages map[string]*language
	known     []string // actions of the catalogue
	// knownIndex finds an action in known; globBits says which of them a pattern matches.
	knownIndex map[string]int
	globBits   map[string][]uint64
	wordLists  map[string][]actionWord // the answers of actionWords
	actionSets map[string]*actionSet
	// canonical are lists of actions as they are compared, by what they are written.
	canonical map[string]canonicalActions
	parsed    map[string]parsedSpec
	readers   map[signature]*policy.Evaluator // one for each policy
	// signed are the signatures by where policies are, nil unless these stay as they are; see
	// [Engine.Steady].
	signed map[address]signature
	buffer []byte // where signatures are written
}

// canonicalActions is a list of patterns, folded, sorted and each once. All says that one of them is
// every action.
type canonicalActions struct {
	text     string
	patterns []string
	all      bool
}

type parsedSpec struct {
	policy.Specifier
	err error
}

func newGlossary(sem policy.Semantics) *glossary {
	actions := knownActions()
	if !sem.CaseSensitive {
		actions = foldedActions()
	}
	return &glossary{
		languages: map[string]*language{}, known: actions.names, knownIndex: actions.index, globBits: map[string][]uint64{},
		wordLists: map[string][]actionWord{}, actionSets: map[string]*actionSet{}, canonical: map[string]canonicalActions{},
		parsed: map[string]parsedSpec{}, readers: map[signature]*policy.Evaluator{},
	}
}

// Anew returns an engine that has proved nothing, under the same semantics: an engine only grows. What
// this one has read need not be read again.
func (e *Engine) Anew(budget Budget) *Engine {
	return newEngine(e.sem, budget.steps(), e.glossary, &e.formulas)
}

// parse reads a specifier.
func (e *Engine) parse(text string) (policy.Specifier, error) {
	p, done := e.parsed[text]
	if !done {
		p.Specifier, p.err = policy.ParseWith(text, policy.Options{AllowBareStar: e.sem.BareStar})
		e.parsed[text] = p
	}
	return p.Specifier, p.err
}

// A signature tells policies apart, or policies as they are held.
type signature [sha256.Size]byte

// address is where a policy is.
type address struct {
	base  string
	first *role.Statement
	n     int
}

// Steady says that the policies which are asked about stay as they are in memory, as those of an account
// do: then each is looked at once, by this engine and those that follow it. It returns the engine.
func (e *Engine) Steady() *Engine {
	e.signed = map[address]signature{}
	return e
}

// signatureOf is that of a policy: of all that statements and base permissions say.
func (g *glossary) signatureOf(r role.Role) signature {
	if g.signed == nil || len(r.Policy) == 0 {
		return g.signatureNow(r)
	}
	at := address{r.BasePermissions, &r.Policy[0], len(r.Policy)}
	known, done := g.signed[at]
	if !done {
		known = g.signatureNow(r)
		g.signed[at] = known
	}
	return known
}

// signatureNow reads a policy.
func (g *glossary) signatureNow(r role.Role) signature {
	g.begin(r.BasePermissions)
	for _, s := range r.Policy {
		g.write(string(s.Effect))
		for _, list := range [][]string{s.Actions, s.NotActions, s.Resources, s.NotResources} {
			g.writeList(list)
		}
	}
	return sha256.Sum256(g.buffer)
}

// heldSignature is that of a policy that is held with role attributes.
func (g *glossary) heldSignature(h policy.Held, symbolic bool) signature {
	of := g.signatureOf(h.Role)
	if len(h.Attributes) == 0 && !symbolic {
		return of // the place matters to what is left open only
	}
	g.begin(string(of[:]))
	if symbolic {
		g.buffer = append(g.buffer, 's')
		g.write(h.Through)
	}
	for _, name := range slices.Sorted(maps.Keys(h.Attributes)) {
		g.write(name)
		g.writeList(h.Attributes[name])
	}
	return sha256.Sum256(g.buffer)
}

func (g *glossary) begin(text string) {
	g.buffer = g.buffer[:0]
	g.write(text)
}

// write puts down a text so that it cannot run into the next.
func (g *glossary) write(text string) {
	n := len(text)
	g.buffer = append(append(g.buffer, byte(n), byte(n>>8), byte(n>>16), byte(n>>24)), text...)
}

func (g *glossary) writeList(list []string) {
	n := len(list)
	g.buffer = append(g.buffer, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	for _, text := range list {
		g.write(text)
	}
}

// Evaluator is [policy.NewEvaluator] for what the engine has mostly read.
func (e *Engine) Evaluator(held []policy.Held) *policy.Evaluator { return e.evaluator(held, e.sem) }

// evaluator is Evaluator under semantics that differ in the view alone.
func (g *glossary) evaluator(held []policy.Held, sem policy.Semantics) *policy.Evaluator {
	read := make([]*policy.Evaluator, len(held))
	for i, h := range held {
		name := g.signatureOf(h.Role)
		if g.readers[name] == nil {
			g.readers[name] = policy.NewEvaluator([]policy.Held{h}, sem)
		}
		read[i] = g.readers[name]
	}
	return policy.Together(held, read, sem)
}
