package access

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A vocabulary is what the policies of one batch are made of. It is small enough for every
// request that it can tell apart to be listed.
type vocabulary struct {
	sem    policy.Semantics
	kinds  []string
	keys   map[string][]string // by type
	tags   map[string][]string
	views  []string
	values []string // of the role attribute "x"
	// symbolic puts attributes that have no values into names and tags.
	symbolic bool
	vectors  map[string]string // of actions, once they are known
	actions  []string
}

// A request that differs from another in nothing that a pattern of the vocabulary sees is the same
// to every policy, so a world lists one of each sort, and is complete all the same:
//
//   - keys: one word for each set of patterns that some word matches exactly. Words over the
//     patterns' letters and one that stands for all others, up to length 3, give every such set
//     (TestWordsAreEnough compares with length 5).
//   - tags and views: what counts of a set of words is which patterns have a match in it. These
//     are the unions of what single words match, so one set for each union, whatever its size.
//   - actions: one for each set of patterns, from the catalogue and from words that it lacks; and
//     one more if some actions with these patterns cannot be asked of the kind and others can.
//   - kinds: those that are named, one that the catalogue has and no policy names, and one that
//     neither has, each on the account and in a project.
type world struct {
	requests []policy.Request
	groups   []worldGroup
}

// A worldGroup is the requests of one kind for one action.
type worldGroup struct {
	kind        string
	action      string
	vector      string
	first, last int // requests[first:last]
}

const letters = "abcA"

// wordsUpTo lists the words over the letters that are not empty and not longer than n.
func wordsUpTo(n int) []string {
	var words []string
	level := []string{""}
	for range n {
		var next []string
		for _, w := range level {
			for _, c := range letters {
				next = append(next, w+string(c))
			}
		}
		words = append(words, next...)
		level = next
	}
	return words
}

// vectorOf says which patterns the word matches, as the policy package matches.
func vectorOf(sem policy.Semantics, patterns []string, word string) string {
	bits := make([]byte, len(patterns))
	for i, p := range patterns {
		bits[i] = '0'
		if !sem.CaseSensitive {
			p, word = strings.ToLower(p), strings.ToLower(word)
		}
		if policy.Pattern(p).Match(word) {
			bits[i] = '1'
		}
	}
	return string(bits)
}

// distinct returns the first word for each vector.
func distinct(sem policy.Semantics, patterns, words []string) []string {
	seen := map[string]bool{}
	var list []string
	for _, w := range words {
		if v := vectorOf(sem, patterns, w); !seen[v] {
			seen[v] = true
			list = append(list, w)
		}
	}
	return list
}

// wordSets returns one set of words for each union of what words match.
func wordSets(sem policy.Semantics, patterns, words []string) [][]string {
	if len(patterns) == 0 {
		return [][]string{nil}
	}
	type entry struct {
		vector string
		set    []string
	}
	sets := []entry{{strings.Repeat("0", len(patterns)), nil}}
	seen := map[string]bool{sets[0].vector: true}
	for at := 0; at < len(sets); at++ {
		for _, w := range distinct(sem, patterns, words) {
			v := []byte(sets[at].vector)
			for i, b := range []byte(vectorOf(sem, patterns, w)) {
				v[i] |= b
			}
			if !seen[string(v)] {
				seen[string(v)] = true
				sets = append(sets, entry{string(v), append(slices.Clone(sets[at].set), w)})
			}
		}
	}
	var list [][]string
	for _, s := range sets {
		list = append(list, s.set)
	}
	return list
}

// otherWords are actions that the catalogue lacks.
var otherWords = []string{"zz", "zzz", "zzy", "y", "updateZ", "updateZFlag", "createZ", "createZFlag", "zFlag", "zzFlag", "viewZ", "viewFlag", "viewZFlag", "viewProject", "createAccessToken"}

// actionWords returns an action for each set of patterns, of those that can be asked of the kind
// and of the others.
func (v vocabulary) actionWords(kind string) (words, vectors []string) {
	seen := map[string]bool{}
	candidates := slices.Clone(otherWords)
	for _, t := range policy.DefaultCatalogue().Types() {
		for _, a := range t.Actions {
			candidates = append(candidates, a.Name)
		}
	}
	for _, w := range candidates {
		if vec := v.actionVector(kind, w); !seen[vec] {
			seen[vec] = true
			words, vectors = append(words, w), append(vectors, vec)
		}
	}
	return words, vectors
}

// actionVector tells viewProject from all others, since other actions depend on it, and what a
// reader may do.
func (v vocabulary) actionVector(kind, w string) string {
	vector, found := v.vectors[w]
	if !found {
		vector = vectorOf(v.sem, append([]string{"viewProject", "view*", "createAccessToken"}, v.actions...), w)
		v.vectors[w] = vector
	}
	if v.foreign(kind, w) {
		return vector + foreignMark
	}
	return vector
}

// foreignMark ends the vector of an action that cannot be asked of a kind.
const foreignMark = "f"

// foreign reads the catalogue anew: the type has actions, this is none of them, and another type
// has it.
func (v vocabulary) foreign(kind, w string) bool {
	if v.sem.ForeignActions == policy.AnyRequest {
		return false
	}
	has := func(typ policy.ResourceType) bool {
		return slices.ContainsFunc(typ.Actions, func(a policy.ActionInfo) bool {
			return a.Name == w || !v.sem.CaseSensitive && strings.EqualFold(a.Name, w)
		})
	}
	typ, _ := policy.DefaultCatalogue().Type(typeOf(kind))
	return len(typ.Actions) > 0 && !has(typ) && slices.ContainsFunc(policy.DefaultCatalogue().Types(), has)
}

// parts lists the resources of one type, as far as the vocabulary tells them apart.
func (v vocabulary) parts(typ string) []policy.Part {
	words := wordsUpTo(3)
	t, known := policy.DefaultCatalogue().Type(typ)
	keys := distinct(v.sem, append(slices.Clone(v.values), v.keys[typ]...), words)
	if known && t.Naming == policy.NeverNamed {
		keys = []string{""}
	}
	tags, views, properties := [][]string{nil}, [][]string{nil}, []string{"false"}
	if !known || t.Tags {
		tags = wordSets(v.sem, v.tags[typ], words)
	}
	if !known && v.keys[typ] != nil || t.Views {
		views = wordSets(v.sem, v.views, words)
	}
	if len(t.Properties) > 0 {
		properties = []string{"false", "true"}
	}
	var list []policy.Part
	for _, key := range keys {
		for _, tag := range tags {
			for _, view := range views {
				for _, critical := range properties {
					p := policy.Part{Type: typ, Key: key, Tags: tag, Views: view}
					if len(properties) > 1 {
						p.Properties = map[string]string{"critical": critical}
					}
					list = append(list, p)
				}
			}
		}
	}
	return list
}

func (v vocabulary) world() world {
	var w world
	for _, kind := range append(slices.Clone(v.kinds), "webhook", "zz-other", "proj:layer", "proj:zz-other") {
		actions, vectors := v.actionWords(kind)
		chains := [][]policy.Part{nil}
		for _, typ := range strings.Split(kind, ":") {
			var longer [][]policy.Part
			for _, chain := range chains {
				for _, p := range v.parts(typ) {
					longer = append(longer, append(slices.Clone(chain), p))
				}
			}
			chains = longer
		}
		for i, action := range actions {
			first := len(w.requests)
			for _, chain := range chains {
				w.requests = append(w.requests, policy.Request{Action: action, Resource: chain})
			}
			w.groups = append(w.groups, worldGroup{kind, action, vectors[i], first, len(w.requests)})
		}
	}
	return w
}

// allowed evaluates every request.
func (w world) allowed(held []policy.Held, sem policy.Semantics) []bool {
	evaluator := policy.NewEvaluator(held, sem)
	list := make([]bool, len(w.requests))
	for i, r := range w.requests {
		list[i] = evaluator.Evaluate(r).Allowed
	}
	return list
}

var (
	allKinds    = []string{"proj", "proj:env", "proj:env:flag", "proj:metric", "proj:context-kind", "role", "acct", "zz", "proj:zzz"}
	keyPool     = []string{"a", "b", "ab", "a*", "b*", "*a", "*b", "a*b", "*a*", "A*"}
	tagPool     = []string{"a", "b", "a*", "*b", "ab", "*", "*a*"}
	actionPool  = []string{"updateOn", "update*", "createFlag", "create*", "*", "zzz", "zz*", "*Flag", "viewProject", "view*", "deleteFlag", "updateon"}
	attributeIn = "${roleAttribute/x}"
)

func pick(r *rand.Rand, pool []string, n int) []string {
	var list []string
	for _, i := range r.Perm(len(pool))[:n] {
		list = append(list, pool[i])
	}
	return list
}

// newVocabulary draws a vocabulary with a world of a few thousand requests.
func newVocabulary(r *rand.Rand, sem policy.Semantics) vocabulary {
	v := vocabulary{sem: sem, keys: map[string][]string{}, tags: map[string][]string{}, vectors: map[string]string{}}
	v.kinds = append(pick(r, allKinds[1:], 2), "proj")
	if r.IntN(2) == 0 && !slices.Contains(v.kinds, "proj:env:flag") {
		v.kinds[0] = "proj:env:flag"
	}
	deep := slices.Contains(v.kinds, "proj:env:flag")
	for _, typ := range []string{"proj", "env", "flag", "metric", "context-kind", "role", "zz", "zzz"} {
		n := 1 + r.IntN(2)
		if !deep {
			n++
		}
		v.keys[typ] = pick(r, keyPool, n)
	}
	v.tags["flag"], v.tags["metric"], v.tags["zz"], v.tags["zzz"] = pick(r, tagPool, 2), pick(r, tagPool, 3), pick(r, tagPool, 2), pick(r, tagPool, 1)
	v.tags["proj"], v.tags["env"] = pick(r, tagPool, r.IntN(2)), pick(r, tagPool, r.IntN(2))
	v.views = pick(r, tagPool, r.IntN(2))
	if r.IntN(3) == 0 {
		v.values = pick(r, []string{"a", "b", "ab"}, 1)
		if sem.AttributeGlobs == policy.AttributeGlob {
			v.values = append(v.values, "b*")
		}
	}
	v.actions = pick(r, actionPool, 3)
	return v
}

func one(r *rand.Rand, pool []string) string { return pool[r.IntN(len(pool))] }

func (v vocabulary) specifier(r *rand.Rand, kind string) string {
	var segments []string
	for _, typ := range strings.Split(kind, ":") {
		text := typ
		if typ != "acct" {
			text += "/" + v.key(r, typ)
		}
		var selectors []string
		for range r.IntN(3) {
			if s := v.selector(r, typ); s != "" {
				selectors = append(selectors, s)
			}
		}
		if len(selectors) > 0 {
			text += ";" + strings.Join(selectors, ",")
		}
		segments = append(segments, text)
	}
	return strings.Join(segments, ":")
}

func (v vocabulary) key(r *rand.Rand, typ string) string {
	switch n := r.IntN(6); {
	case n < 2 || len(v.keys[typ]) == 0:
		return "*"
	case n == 2 && len(v.values) > 0:
		return attributeIn
	case n < 5 && v.symbolic:
		return one(r, []string{attributeIn, attributeIn, attributeIn + "*", "a" + attributeIn, "${roleAttribute/y}", attributeIn + attributeIn})
	}
	return one(r, v.keys[typ])
}

func (v vocabulary) selector(r *rand.Rand, typ string) string {
	switch r.IntN(5) {
	case 0:
		if typ == "env" {
			return one(r, []string{"{critical:true}", "{critical:false}", "{critical:maybe}"})
		}
		return one(r, []string{"", "", "", "{critical:true}"})
	case 1:
		if len(v.views) > 0 && typ == "flag" {
			return "view:" + one(r, v.views)
		}
	case 2, 3:
		if v.symbolic && typ == "flag" && r.IntN(2) == 0 {
			return one(r, []string{attributeIn, "a" + attributeIn})
		}
		if len(v.tags[typ]) > 0 {
			return one(r, v.tags[typ])
		}
		if typ == "context-kind" {
			return one(r, []string{"", "", "a"})
		}
	}
	return ""
}

func (v vocabulary) statement(r *rand.Rand) role.Statement {
	s := role.Statement{Effect: role.Allow}
	if r.IntN(3) == 0 {
		s.Effect = role.Deny
	}
	actions := pick(r, v.actions, 1+r.IntN(2))
	if r.IntN(4) == 0 {
		actions = []string{"*"}
	}
	if r.IntN(6) == 0 {
		s.NotActions = actions
	} else {
		s.Actions = actions
	}
	kind := one(r, v.kinds)
	var specifiers []string
	for range 1 + r.IntN(2) {
		specifiers = append(specifiers, v.specifier(r, kind))
	}
	if v.sem.BareStar && r.IntN(6) == 0 {
		specifiers = []string{"*"}
	}
	if r.IntN(8) == 0 {
		s.NotResources = specifiers
	} else {
		s.Resources = specifiers
	}
	return s
}

func (v vocabulary) held(r *rand.Rand) policy.Held {
	h := policy.Held{Role: role.Role{Key: "r", BasePermissions: role.NoAccess}}
	if r.IntN(12) == 0 {
		h.Role.BasePermissions = role.Reader
	}
	if r.IntN(2) == 0 {
		h.Role.Policy = append(h.Role.Policy, role.Statement{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/*"}})
	}
	for range 1 + r.IntN(3) {
		h.Role.Policy = append(h.Role.Policy, v.statement(r))
	}
	if len(v.values) > 0 && r.IntN(4) > 0 {
		h.Attributes = map[string][]string{"x": v.values[:1+r.IntN(len(v.values))]}
	}
	return h
}

// edited changes something small: the pairs that are hardest to tell apart are nearly the same.
func (v vocabulary) edited(r *rand.Rand, s Subject) Subject {
	s = Subject{Held: slices.Clone(s.Held), Symbolic: s.Symbolic}
	h := &s.Held[0]
	h.Role = h.Role.Clone()
	i := r.IntN(len(h.Role.Policy))
	st := &h.Role.Policy[i]
	lists := []*[]string{&st.Resources}
	if len(st.NotResources) > 0 {
		lists[0] = &st.NotResources
	}
	kind := "proj"
	if spec, err := policy.ParseWith((*lists[0])[0], policy.Options{AllowBareStar: true}); err == nil && spec.Kind() != "*" {
		kind = spec.Kind()
	}
	switch r.IntN(7) {
	case 0:
		h.Role.Policy = slices.Delete(h.Role.Policy, i, i+1)
	case 1:
		h.Role.Policy = append(h.Role.Policy, v.statement(r))
	case 2:
		*lists[0] = append(*lists[0], v.specifier(r, kind))
	case 3:
		(*lists[0])[0] = v.specifier(r, kind)
	case 4:
		if len(st.Actions) > 0 {
			st.Actions = append(st.Actions, one(r, v.actions))
		}
	case 5: // the same in other words
		spec := (*lists[0])[0]
		*lists[0] = append(byEnvironment(spec), (*lists[0])[1:]...)
	case 6:
		extra := st.Clone()
		extra.Effect = role.Allow
		h.Role.Policy = append(h.Role.Policy, extra)
	}
	return s
}

func byEnvironment(spec string) []string {
	before, after, found := strings.Cut(spec, ":env/")
	if !found || strings.Contains(after, "{") {
		return []string{spec}
	}
	name, rest, _ := strings.Cut(after, ":")
	if rest != "" {
		rest = ":" + rest
	}
	sep := ";"
	if strings.Contains(name, ";") {
		sep = ","
	}
	return []string{before + ":env/" + name + sep + "{critical:true}" + rest, before + ":env/" + name + sep + "{critical:false}" + rest}
}

func (v vocabulary) subject(r *rand.Rand) Subject {
	s := Subject{Held: []policy.Held{v.held(r)}}
	if r.IntN(8) == 0 || v.sem.ViewFrom == policy.SameRole && r.IntN(2) == 0 {
		s.Held = append(s.Held, v.held(r))
	}
	return s
}

// show writes a subject for a failing test.
func show(s Subject) string {
	var b strings.Builder
	for _, h := range s.Held {
		fmt.Fprintf(&b, "\n  role (base %s) %v", h.Role.BasePermissions, h.Attributes)
		for _, st := range h.Role.Policy {
			fmt.Fprintf(&b, "\n    %s actions %q notActions %q resources %q notResources %q", st.Effect, st.Actions, st.NotActions, st.Resources, st.NotResources)
		}
	}
	return b.String()
}
