package policy

import (
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
)

// synonyms are words that people write for a type where its own name is not near: the long form,
// and the names that LaunchDarkly's pages and API paths use. Lower case, without hyphens.
var synonyms = []struct{ word, typ string }{
	{"project", "proj"},
	{"environment", "env"},
	{"account", "acct"},
	{"featureflag", "flag"},
	{"customrole", "role"},
	{"accountmember", "member"},
	{"accesstoken", "token"},
	{"apitoken", "token"},
	{"serviceaccesstoken", "service-token"},
	{"relay", "relay-proxy-config"},
	{"relayproxy", "relay-proxy-config"},
	{"coderefs", "code-reference-repository"},
	{"coderepository", "code-reference-repository"},
	{"dataexportdestination", "destination"},
	{"agentconfig", "aiconfig"},
}

// NearestType returns the type that word was probably meant to be, or "" if none is near: another
// letter case or hyphenation, a synonym, or a slip of at most two letters.
func (c *Catalogue) NearestType(word string) string {
	words, types := make([]string, 0, len(c.types)+len(synonyms)), make([]string, 0, len(c.types)+len(synonyms))
	for i := range c.types {
		words, types = append(words, fold(c.types[i].Name)), append(types, c.types[i].Name)
	}
	for _, s := range synonyms {
		words, types = append(words, s.word), append(types, s.typ)
	}
	nearest := diag.Nearest(fold(word), words)
	if nearest == "" {
		return ""
	}
	return types[slices.Index(words, nearest)]
}

// NearestAction returns the action that word was probably meant to be, or "" if none is near:
// another letter case or a slip of at most two letters. It looks at the actions of the type first
// and then at all others; typ may be "".
func (c *Catalogue) NearestAction(typ, word string) string {
	if t := c.lookup(typ); t != nil {
		if name := diag.Nearest(word, actionNames(t.Actions)); name != "" {
			return name
		}
	}
	var all []string
	for i := range c.types {
		all = append(all, actionNames(c.types[i].Actions)...)
	}
	return diag.Nearest(word, all)
}

func actionNames(actions []ActionInfo) []string {
	names := make([]string, len(actions))
	for i := range actions {
		names[i] = actions[i].Name
	}
	return names
}

// fold removes what people vary in the name of a type: case, hyphens and underscores.
func fold(word string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(word))
}
