package schema

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Tokens splits a JSON pointer (RFC 6901) into its unescaped tokens; "" has none.
func Tokens(pointer string) []string {
	if pointer == "" {
		return nil
	}
	tokens := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, t := range tokens {
		tokens[i] = unescaper.Replace(t)
	}
	return tokens
}

var (
	escaper   = strings.NewReplacer("~", "~0", "/", "~1")
	unescaper = strings.NewReplacer("~1", "/", "~0", "~")
)

func escapeToken(token string) string { return escaper.Replace(token) }

// lookup returns the part of value that pointer points at, or nil.
func lookup(value any, pointer string) any {
	for _, token := range Tokens(pointer) {
		switch v := value.(type) {
		case map[string]any:
			value = v[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

// parentOf returns the pointer without its last token.
func parentOf(pointer string) string { return pointer[:max(0, strings.LastIndexByte(pointer, '/'))] }

// lastToken returns what stands behind the last slash, unescaped.
func lastToken(pointer string) string {
	return unescaper.Replace(pointer[strings.LastIndexByte(pointer, '/')+1:])
}

// comparePointers orders pointers token by token, numbers by their value.
func comparePointers(a, b string) int {
	return slices.CompareFunc(Tokens(a), Tokens(b), func(x, y string) int {
		m, errX := strconv.Atoi(x)
		n, errY := strconv.Atoi(y)
		if errX == nil && errY == nil {
			return cmp.Compare(m, n)
		}
		return cmp.Compare(x, y)
	})
}

// texts returns the strings of a list.
func texts(list any) []string {
	items, _ := list.([]any)
	var out []string
	for _, item := range items {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
