package layout

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// prove reads out back and returns an error unless it says what before said: the same documents,
// values, types and anchors but for the order of keys, and the same comments.
func prove(before *source, out []byte) error {
	after, err := parse(out)
	if err != nil {
		return fmt.Errorf("layout: the result does not read back: %w", err)
	}
	if len(before.docs) != len(after.docs) {
		return &Error{Message: fmt.Sprintf("the result would have %d documents, not %d", len(after.docs), len(before.docs))}
	}
	for i, d := range before.docs {
		if lost := differs(d, after.docs[i]); lost != nil {
			return &Error{before.pos(before.places[lost].start), "this value would change", "write it in another way, and please report this"}
		}
	}
	return sameComments(before, after)
}

// differs returns the first node of a that b does not repeat, or nil.
func differs(a, b *yaml.Node) *yaml.Node {
	switch {
	case a.Kind != b.Kind || a.ShortTag() != b.ShortTag() || a.Anchor != b.Anchor || len(a.Content) != len(b.Content):
		return a
	case a.Kind == yaml.AliasNode, a.Kind == yaml.ScalarNode && a.ShortTag() != "!!null":
		if a.Value != b.Value {
			return a
		}
		return nil
	case a.Kind == yaml.MappingNode:
		return mappingDiffers(a, b)
	}
	for i := range a.Content {
		if lost := differs(a.Content[i], b.Content[i]); lost != nil {
			return lost
		}
	}
	return nil
}

// mappingDiffers compares key by key; keys given twice are taken in their order.
func mappingDiffers(a, b *yaml.Node) *yaml.Node {
	pairs := map[string][]int{}
	for i := 0; i < len(b.Content); i += 2 {
		key := b.Content[i].Value
		pairs[key] = append(pairs[key], i)
	}
	for i := 0; i < len(a.Content); i += 2 {
		key := a.Content[i]
		found := pairs[key.Value]
		if len(found) == 0 {
			return key
		}
		pairs[key.Value] = found[1:]
		if lost := differs(key, b.Content[found[0]]); lost != nil {
			return lost
		}
		if lost := differs(a.Content[i+1], b.Content[found[0]+1]); lost != nil {
			return lost
		}
	}
	return nil
}

// sameComments compares what comments say, and asks yaml.v3 whether it saw one in before that we
// did not.
func sameComments(before, after *source) error {
	was, is := texts(before.comments), texts(after.comments)
	if !slices.Equal(was, is) {
		return &Error{Message: fmt.Sprintf("comments would be lost or changed: %d before, %d after", len(was), len(is))}
	}
	for _, d := range before.docs {
		if line, ok := unseen(d, was); ok {
			return &Error{Message: fmt.Sprintf("the comment %q would be lost", line), Hint: "put it on a line of its own"}
		}
	}
	return nil
}

func texts(comments []comment) []string {
	list := make([]string, len(comments))
	for i, c := range comments {
		list[i] = c.text
	}
	slices.Sort(list)
	return list
}

// unseen returns a line of a comment at or below n that is not in known, which is sorted.
func unseen(n *yaml.Node, known []string) (string, bool) {
	for line := range strings.Lines(n.HeadComment + "\n" + n.LineComment + "\n" + n.FootComment) {
		line = strings.Trim(line, " \t\n")
		if _, ok := slices.BinarySearch(known, line); line != "" && !ok {
			return line, true
		}
	}
	for _, child := range n.Content {
		if line, ok := unseen(child, known); ok {
			return line, true
		}
	}
	return "", false
}
