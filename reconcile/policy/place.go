package policy

import (
	"slices"
	"strconv"
	"strings"
)

// place checks a segment of a known type against the catalogue, its name read and its selectors
// not, and takes note of its type. Unknown types may stand anywhere.
func (p *parser) place(start int, seg Segment) *fault {
	p.kind = strings.TrimPrefix(p.kind+":"+seg.Type, ":")
	t := DefaultCatalogue().lookup(seg.Type)
	switch {
	case t == nil && p.RefuseUnknownType && seg.Type != "":
		return p.unknownType(start, seg.Type)
	case t == nil:
		return nil
	case !slices.Contains(t.Kinds, p.kind):
		return p.misplaced(start, t)
	case t.Naming == Named && !seg.HasName && (p.ended() || p.next() == ';'):
		return p.faultf(p.at, 0, "/*", "type %q needs a name, as %q for all", seg.Type, seg.Type+"/*")
	case t.Naming == NeverNamed && seg.HasName:
		end := start + len(seg.Type)
		return p.faultf(end, p.at-end, "", "type %q takes no name", seg.Type)
	}
	return nil
}

func (p *parser) unknownType(start int, word string) *fault {
	if near := DefaultCatalogue().NearestType(word); near != "" {
		return p.faultf(start, len(word), near, "resource type %q is not known", word)
	}
	return p.hopeless(start, "resource type %q is not known", word)
}

// misplaced is the mistake of a type that does not stand below its parents. The repair writes the
// type's usual parents before it: as they stand elsewhere in the text, or else with "*".
func (p *parser) misplaced(start int, t *ResourceType) *fault {
	chain := strings.Split(t.Kinds[0], ":")
	rest := strings.Split(p.text[start:], ":")
	var parents []string
	for _, typ := range chain[:len(chain)-1] {
		var parent string
		parent, rest = p.findParent(typ, rest)
		parents = append(parents, parent)
	}
	return &fault{
		offset:   start,
		message:  "type " + strconv.Quote(t.Name) + " cannot stand here: it is written \"" + strings.Join(chain, "/…:") + "/…\"",
		repaired: strings.Join(append(parents, rest...), ":"),
	}
}

// findParent returns the segment of a type from those already read, or takes it out of rest, or
// makes one up.
func (p *parser) findParent(typ string, rest []string) (string, []string) {
	for _, seg := range p.segments {
		if seg.Type == typ {
			return Specifier{[]Segment{seg}}.String(), rest
		}
	}
	for i, text := range rest {
		if strings.HasPrefix(text, typ+"/") && !strings.Contains(text, "{") {
			return text, slices.Delete(rest, i, i+1)
		}
	}
	return typ + "/*", rest
}

// allowed checks a property where unknown ones are refused.
func (p *parser) allowed(offset int, prop Property) *fault {
	if !p.RefuseUnknownProperty {
		return nil
	}
	t := DefaultCatalogue().lookup(lastType(p.kind))
	if t != nil && slices.Contains(t.Properties, prop.Name) {
		return nil
	}
	return p.hopeless(offset, "property %q is not known here", prop.Name)
}

func lastType(kind string) string { return kind[strings.LastIndex(kind, ":")+1:] }
