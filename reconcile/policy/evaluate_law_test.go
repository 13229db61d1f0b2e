package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/role"
)

// The words that the laws draw from: few, so that statements and requests meet.
var (
	lawActions   = []string{"viewProject", "updateOn", "updateTags", "createExperiment", "viewX"}
	lawPatterns  = []string{"*", "view*", "update*", "updateOn", "updateTags", "viewProject", "*On", "UPDATEON"}
	lawKeys      = []string{"a", "ab", "b"}
	lawNames     = []string{"*", "a", "a*", "*b", "b", "A", "${roleAttribute/x}", "a${roleAttribute/y}"}
	lawTags      = []string{"a", "b", "ab"}
	lawSelectors = []string{"a", "a*", "*b", "b", "view:a", "view:*b", "{critical:true}", "{critical:false}", "${roleAttribute/x}", "{x:y}"}
	lawKinds     = []string{"proj", "proj:env", "proj:env:flag", "proj:env:flag", "proj:metric", "role", "gizmo:bolt"}
	lawValues    = []string{"a", "b", "a*", "A"}
)

func drawSemantics(t *rapid.T) Semantics {
	sem := DefaultSemantics()
	for _, q := range questions {
		q.set(&sem, rapid.SampledFrom(q.values).Draw(t, q.name))
	}
	return sem
}

func drawSome(t *rapid.T, words []string, least, most int, label string) []string {
	return rapid.SliceOfN(rapid.SampledFrom(words), least, most).Draw(t, label)
}

func drawResource(t *rapid.T) string {
	if rapid.IntRange(0, 15).Draw(t, "odd") == 0 {
		return rapid.SampledFrom([]string{"*", "proj/*:flag/*", "proj"}).Draw(t, "typo")
	}
	var segments []string
	for _, typ := range strings.Split(rapid.SampledFrom(lawKinds).Draw(t, "kind"), ":") {
		segment := typ + "/" + rapid.SampledFrom(lawNames).Draw(t, "name")
		if selectors := drawSome(t, lawSelectors, 0, 2, "selectors"); len(selectors) > 0 {
			segment += ";" + strings.Join(selectors, ",")
		}
		segments = append(segments, segment)
	}
	return strings.Join(segments, ":")
}

func drawStatement(t *rapid.T, effect role.Effect) role.Statement {
	s := role.Statement{Effect: effect}
	actions, resources := &s.Actions, &s.Resources
	if rapid.IntRange(0, 3).Draw(t, "notActions") == 0 {
		actions = &s.NotActions
	}
	if rapid.IntRange(0, 3).Draw(t, "notResources") == 0 {
		resources = &s.NotResources
	}
	*actions = drawSome(t, lawPatterns, 1, 2, "actions")
	for range rapid.IntRange(1, 2).Draw(t, "resources") {
		*resources = append(*resources, drawResource(t))
	}
	return s
}

func drawHeld(t *rapid.T) Held {
	h := Held{Attributes: map[string][]string{"x": drawSome(t, lawValues, 0, 2, "x"), "y": drawSome(t, lawValues, 0, 2, "y")}}
	h.Role.BasePermissions = rapid.SampledFrom([]string{role.NoAccess, role.Reader}).Draw(t, "base")
	for range rapid.IntRange(0, 4).Draw(t, "statements") {
		h.Role.Policy = append(h.Role.Policy, drawStatement(t, rapid.SampledFrom([]role.Effect{role.Allow, role.Allow, role.Deny}).Draw(t, "effect")))
	}
	if rapid.IntRange(0, 2).Draw(t, "views") > 0 {
		h.Role.Policy = append(h.Role.Policy, say("allow viewProject on proj/*"))
	}
	return h
}

func drawAllHeld(t *rapid.T) []Held {
	return rapid.SliceOfN(rapid.Custom(drawHeld), 0, 3).Draw(t, "held")
}

func drawPart(t *rapid.T, typ string) Part {
	p := Part{Type: typ, Key: rapid.SampledFrom(lawKeys).Draw(t, "key")}
	if tags := drawSome(t, lawTags, 0, 2, "tags"); len(tags) > 0 {
		p.Tags = tags
	}
	switch critical := rapid.SampledFrom([]string{"", "true", "false"}).Draw(t, "critical"); {
	case typ == "flag":
		p.Views = drawSome(t, lawTags, 1, 2, "views")
	case typ == "env" && critical != "":
		p.Properties = map[string]string{"critical": critical}
	}
	return p
}

func drawRequest(t *rapid.T) Request {
	req := Request{Action: rapid.SampledFrom(lawActions).Draw(t, "action")}
	for _, typ := range strings.Split(rapid.SampledFrom(lawKinds).Draw(t, "kind"), ":") {
		req.Resource = append(req.Resource, drawPart(t, typ))
	}
	for range rapid.IntRange(0, 2).Draw(t, "environments") {
		req.Environments = append(req.Environments, drawPart(t, "env"))
	}
	return req
}

// added returns held with one more statement somewhere in one of the roles.
func added(t *rapid.T, held []Held, effect role.Effect) []Held {
	held = slices.Clone(held)
	i := rapid.IntRange(0, len(held)-1).Draw(t, "to")
	at := rapid.IntRange(0, len(held[i].Role.Policy)).Draw(t, "at")
	held[i].Role.Policy = slices.Insert(slices.Clone(held[i].Role.Policy), at, drawStatement(t, effect))
	return held
}

// TestLawMonotone: an allow more never takes access away, and a deny more never gives any.
func TestLawMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		held, req, sem := append(drawAllHeld(t), drawHeld(t)), drawRequest(t), drawSemantics(t)
		was := Evaluate(held, req, sem).Allowed
		if was && !Evaluate(added(t, held, role.Allow), req, sem).Allowed {
			t.Fatalf("%s: an allow takes access away", req)
		}
		if !was && Evaluate(added(t, held, role.Deny), req, sem).Allowed {
			t.Fatalf("%s: a deny gives access", req)
		}
	})
}

// shuffled returns list in another order, with some elements repeated.
func shuffled[T any](t *rapid.T, list []T) []T {
	if len(list) == 0 {
		return list
	}
	more := append(slices.Clone(list), rapid.SliceOfN(rapid.SampledFrom(list), 0, 2).Draw(t, "repeated")...)
	return rapid.Permutation(more).Draw(t, "order")
}

// TestLawOrder: order and repetition mean nothing: of roles, statements, lists, tags, views,
// environments.
func TestLawOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		held, req, sem := drawAllHeld(t), drawRequest(t), drawSemantics(t)
		want := Evaluate(held, req, sem).Allowed
		other := shuffled(t, held)
		for i := range other {
			policy := shuffled(t, other[i].Role.Policy)
			for j := range policy {
				s := &policy[j]
				s.Actions, s.NotActions = shuffled(t, s.Actions), shuffled(t, s.NotActions)
				s.Resources, s.NotResources = shuffled(t, s.Resources), shuffled(t, s.NotResources)
			}
			other[i].Role.Policy = policy
		}
		// Of two environments with one key only the request's own counts in place of the other,
		// so these are only repeated and moved.
		req.Environments = shuffled(t, req.Environments)
		for i := range req.Resource {
			req.Resource[i].Tags = shuffled(t, req.Resource[i].Tags)
			req.Resource[i].Views = shuffled(t, req.Resource[i].Views)
		}
		if Evaluate(other, req, sem).Allowed != want {
			t.Fatalf("%s: not %v in another order", req, want)
		}
		if Evaluate(held, req, sem).Allowed != want {
			t.Fatalf("%s: another answer the second time", req)
		}
	})
}

// TestLawUnion: more roles never take access away, and where no two requests have to be allowed
// together, they give no more than one of them does.
func TestLawUnion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, req, sem := drawAllHeld(t), drawAllHeld(t), drawRequest(t), drawSemantics(t)
		apart := Evaluate(a, req, sem).Allowed || Evaluate(b, req, sem).Allowed
		both := Evaluate(slices.Concat(a, b), req, sem).Allowed
		if apart && !both {
			t.Fatalf("%s: a further role takes access away", req)
		}
		if sem.ViewPrecondition {
			sem.ViewFrom = SameRole
		}
		sem.EnvironmentWide = PerRole
		apart = Evaluate(a, req, sem).Allowed || Evaluate(b, req, sem).Allowed
		if both := Evaluate(slices.Concat(a, b), req, sem).Allowed; both != apart {
			t.Fatalf("%s: %v apart, %v together", req, apart, both)
		}
	})
}

// TestLawStricter: each switch has a side that never allows more than the other.
func TestLawStricter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		held, req, sem := drawAllHeld(t), drawRequest(t), drawSemantics(t)
		strict, loose := sem, sem
		switch rapid.IntRange(0, 5).Draw(t, "switch") {
		case 0:
			strict.ViewPrecondition, loose.ViewPrecondition = true, false
		case 1:
			strict.ViewFrom, loose.ViewFrom = SameRole, AnyRole
		case 2:
			strict.EnvironmentWide, loose.EnvironmentWide = PerRole, Union
		case 3:
			strict.UnknownScope, loose.UnknownScope = EveryEnvironment, OneEnvironment
		case 4:
			strict.ReaderActions, loose.ReaderActions = ReaderViews, ReaderViewsTokens
		case 5:
			strict.ForeignActions, loose.ForeignActions = NoRequest, AnyRequest
		}
		if Evaluate(held, req, strict).Allowed && !Evaluate(held, req, loose).Allowed {
			t.Fatalf("%s: the loose side denies what the strict one allows", req)
		}
	})
}

// TestLawReasons: a decision rests on something. What is missing is named exactly if the request
// is denied; an allowed request rests on allows, a denied one on denies; and what matches does so alone.
func TestLawReasons(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		held, req, sem := drawAllHeld(t), drawRequest(t), drawSemantics(t)
		d := Evaluate(held, req, sem)
		if len(d.Deciding()) == 0 {
			t.Fatalf("%s: %v for no reason", req, d.Allowed)
		}
		if slices.ContainsFunc(d.Reasons, func(r Reason) bool { return r.Held < 0 }) == d.Allowed {
			t.Fatalf("%s: %v, and yet %q", req, d.Allowed, texts(d.Reasons))
		}
		for _, r := range d.Reasons {
			if r.Decides && r.Held >= 0 && d.Allowed != (r.Effect == role.Allow) {
				t.Fatalf("%s: %v because %s", req, d.Allowed, r)
			}
			checkReason(t, held, r, sem)
		}
	})
}

// TestLawForeign: an action of other types only is denied for that reason alone and nothing comes
// near to allowing it; for all other requests the switch makes no difference.
func TestLawForeign(t *testing.T) {
	known := func(typ, action string) bool {
		entry, found := DefaultCatalogue().Type(typ)
		return !found || slices.ContainsFunc(entry.Actions, func(a ActionInfo) bool { return a.Name == action })
	}
	rapid.Check(t, func(t *rapid.T) {
		held, req, sem := drawAllHeld(t), drawRequest(t), drawSemantics(t)
		sem.ForeignActions = AnyRequest
		want := Evaluate(held, req, sem)
		near, found := NearestMiss(held, req, sem)
		sem.ForeignActions = NoRequest
		got := Evaluate(held, req, sem)
		gotNear, gotFound := NearestMiss(held, req, sem)
		if typ := req.Resource[len(req.Resource)-1].Type; req.Action == "viewX" || known(typ, req.Action) {
			got.Semantics = want.Semantics
			if diff := cmp.Diff(want, got) + cmp.Diff(near, gotNear); diff != "" || found != gotFound {
				t.Fatalf("%s: %s", req, diff)
			}
			return
		}
		if deciding := kinds(got.Deciding()); got.Allowed || gotFound || !slices.Equal(deciding, []string{ReasonForeign}) {
			t.Fatalf("%s: %v because of %q; near: %v", req, got.Allowed, deciding, gotNear)
		}
	})
}

// checkReason: the statement of a reason, alone in its role, does what the reason says.
func checkReason(t *rapid.T, held []Held, r Reason, sem Semantics) {
	if r.Statement < 0 {
		return
	}
	sem.ViewPrecondition, sem.ForeignActions = false, AnyRequest
	alone := held[r.Held]
	alone.Role.BasePermissions = role.NoAccess
	s := alone.Role.Policy[r.Statement]
	s.Effect = role.Allow
	alone.Role.Policy = []role.Statement{s}
	if !Evaluate([]Held{alone}, r.Request, sem).Allowed {
		t.Fatalf("does not match: %s", r)
	}
}

// TestLawNearMiss: there is none for what is allowed; nothing fails exactly where the statement
// matches; and if only denies stand in the way, the role without them allows what is wanted.
func TestLawNearMiss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		held, req, sem := drawAllHeld(t), drawRequest(t), drawSemantics(t)
		near, found := NearestMiss(held, req, sem)
		if !found {
			return
		}
		if Evaluate(held, req, sem).Allowed {
			t.Fatalf("%s is allowed, and yet: %s", req, near)
		}
		if len(near.Fails) == 0 && len(near.Stops) == 0 || near.String() == "" {
			t.Fatalf("%s: nothing stands in the way: %+v", req, near)
		}
		h := held[near.Held]
		h.Role.Policy = slices.Clone(h.Role.Policy)
		for _, i := range near.Stops {
			h.Role.Policy[i].Effect = "none"
		}
		sem.ViewPrecondition = false
		if allowed := Evaluate([]Held{h}, near.Request, sem).Allowed; len(near.Fails) == 0 && !allowed {
			t.Fatalf("%s: without the denies it is denied still: %s", req, near)
		}
	})
}

// TestLawFails: nothing fails exactly where the statement matches.
func TestLawFails(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, req, sem := drawHeld(t), drawRequest(t), drawSemantics(t)
		for _, s := range NewEvaluator([]Held{h}, sem).roles[0].statements {
			m := matcher{sem, h.Attributes}
			_, _, matches := m.statement(&s, req)
			if fails := m.fails(s, req); matches != (len(fails) == 0) {
				t.Fatalf("%s: %+v matches: %v, fails: %v", req, s.Statement, matches, fails)
			}
		}
	})
}

// TestLawAttributes: a pattern with role attributes matches what one of the patterns does that
// have values in their place.
func TestLawAttributes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "*", "${roleAttribute/x}", "${roleAttribute/y}", "${roleAttribute/z}"}), 0, 4).Draw(t, "pattern")
		attributes := map[string][]string{"x": drawSome(t, []string{"a", "b", "ab", "a*"}, 0, 3, "x"), "y": drawSome(t, []string{"b", "*b", ""}, 0, 2, "y")}
		text := rapid.StringMatching(`[ab*]{0,5}`).Draw(t, "text")
		sem := DefaultSemantics()
		sem.AttributeGlobs = rapid.SampledFrom([]string{AttributeLiteral, AttributeGlob}).Draw(t, "globs")
		sem.UnsetAttribute = rapid.SampledFrom([]string{Nothing, Everything}).Draw(t, "unset")
		want := false
		for _, pattern := range substituted(pieces, attributes, sem) {
			want = want || matches(pattern, strings.ReplaceAll(text, "*", "s"))
		}
		m := matcher{sem, attributes}
		if got := m.pattern(Pattern(strings.Join(pieces, "")), text); got != want {
			t.Fatalf("%q matches %q: %v", pieces, text, got)
		}
	})
}

// substituted returns the patterns that the pieces stand for. A literal star is written "s", and
// no key of this law holds that letter otherwise.
func substituted(pieces []string, attributes map[string][]string, sem Semantics) []string {
	if len(pieces) == 0 {
		return []string{""}
	}
	heads := []string{pieces[0]}
	if name, found := strings.CutPrefix(pieces[0], attributePrefix); found {
		heads = nil
		for _, value := range attributes[strings.TrimSuffix(name, "}")] {
			if sem.AttributeGlobs == AttributeLiteral {
				value = strings.ReplaceAll(value, "*", "s")
			}
			heads = append(heads, value)
		}
		if len(heads) == 0 && sem.UnsetAttribute == Everything {
			heads = []string{"*"}
		}
	}
	var all []string
	for _, head := range heads {
		for _, tail := range substituted(pieces[1:], attributes, sem) {
			all = append(all, head+tail)
		}
	}
	return all
}

// TestLawEvaluator: roles that have been read once answer as those read for each request, and
// asking does not change them.
func TestLawEvaluator(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		held, sem := drawAllHeld(t), drawSemantics(t)
		e := NewEvaluator(held, sem)
		for range 3 {
			req := drawRequest(t)
			want := Evaluate(held, req, sem)
			if diff := cmp.Diff(want, e.Evaluate(req)); diff != "" || e.Allows(req) != want.Allowed {
				t.Fatalf("%s: allows: %v: %s", req, e.Allows(req), diff)
			}
			other := slices.Clone(held)
			var attributes []map[string][]string
			for i := range other {
				other[i].Attributes = map[string][]string{"x": drawSome(t, lawValues, 0, 2, "other x")}
				attributes = append(attributes, other[i].Attributes)
			}
			if diff := cmp.Diff(Evaluate(other, req, sem), e.Assigned(attributes).Evaluate(req)); diff != "" {
				t.Fatalf("%s: with other attributes: %s", req, diff)
			}
		}
	})
}
