package access

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// patternsUpTo lists the patterns over "a", "b" and "*" up to length n.
func patternsUpTo(n int) []string {
	var list []string
	level := []string{""}
	for range n {
		var next []string
		for _, p := range level {
			for _, c := range "ab*" {
				next = append(next, p+string(c))
			}
		}
		list = append(list, next...)
		level = next
	}
	return list
}

// TestLanguage: a language has the words that its pattern matches.
func TestLanguage(t *testing.T) {
	checked := 0
	var words []string
	for _, w := range wordsUpTo(6) {
		if !strings.ContainsAny(w, "cA") {
			words = append(words, w)
		}
	}
	for _, p := range patternsUpTo(5) {
		l := newLanguage(p)
		for _, w := range words {
			checked++
			if got, want := l.matches(w), policy.Pattern(p).Match(w); got != want {
				t.Fatalf("%q matches %q: %v, want %v", p, w, got, want)
			}
		}
	}
	t.Logf("%d patterns and words", checked)
}

// TestFindWord: a word is found exactly if there is one. With an alphabet of two letters and
// patterns of up to four characters, a word that exists exists up to length 6: each of two
// patterns has at most four states beside the dead one, and no shortest word visits a pair twice.
func TestFindWord(t *testing.T) {
	patterns := patternsUpTo(3)
	languages := make([]*language, len(patterns))
	for i, p := range patterns {
		languages[i] = newLanguage(p)
	}
	var words []string
	for _, w := range wordsUpTo(7) {
		if !strings.ContainsAny(w, "cA") {
			words = append(words, w)
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	draw := func(n int) (list []*language) {
		for range r.IntN(n + 1) {
			list = append(list, languages[r.IntN(len(languages))])
		}
		return list
	}
	found, none := 0, 0
	for range 20_000 / slow {
		pos, neg := draw(2), draw(3)
		want := false
		for _, w := range words {
			if suits(w, pos, neg) {
				want = true
				break
			}
		}
		steps := 1_000_000
		word, got := findWord("ab", pos, neg, &steps)
		if got != want || steps <= 0 {
			t.Fatalf("%v, want %v: %s", got, want, showLanguages(pos, neg))
		}
		if got && (!suits(word, pos, neg) || !alphabet("ab").has(word)) {
			t.Fatalf("%q does not suit %s", word, showLanguages(pos, neg))
		}
		if got {
			found++
		} else {
			none++
		}
	}
	t.Logf("%d words found, %d proved not to be", found, none)
}

func showLanguages(pos, neg []*language) string {
	var b strings.Builder
	for _, l := range pos {
		b.WriteString(" +" + l.pattern)
	}
	for _, l := range neg {
		b.WriteString(" -" + l.pattern)
	}
	return b.String()
}

func TestFindWordGivesUp(t *testing.T) {
	var pos, neg []*language
	for _, p := range permutations("abcde") {
		pos = append(pos, newLanguage("*"+p+"*"))
	}
	for _, c := range "abcde" {
		neg = append(neg, newLanguage("*"+strings.Repeat(string(c)+"*", 12)))
	}
	steps := 100_000
	if word, found := findWord(keyBytes, pos, neg, &steps); found || steps > 0 {
		t.Errorf("%q %v, %d steps left", word, found, steps)
	}
}

func TestAlphabets(t *testing.T) {
	for _, al := range []alphabet{keyBytes, nameBytes} {
		seen := map[byte]bool{}
		for i := range len(al) {
			if seen[al[i]] {
				t.Errorf("%q is there twice", al[i])
			}
			seen[al[i]] = true
			if _, err := policy.Parse("flag/" + string(al[i])); al[i] != '*' && err != nil && !strings.Contains(err.Error(), "flag") {
				t.Error(err)
			}
		}
		for c := byte(33); c < 127; c++ {
			spec := "member/" + string(c)
			if al == keyBytes {
				spec = "role/a;" + string(c)
			}
			if _, err := policy.Parse(spec); (err == nil) != seen[c] && c != '*' {
				t.Errorf("%q: in the alphabet is %v, the parser says %v", c, seen[c], err)
			}
		}
	}
}
