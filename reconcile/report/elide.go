package report

// What is too long to read is cut in the middle, where it comes from: before it is escaped, so that
// no escape is cut in two, and with the number of bytes that are missing in its place.

import (
	"fmt"
	"reflect"
	"unicode/utf8"
)

const (
	// longest is how many bytes of one value, and of one list, a Markdown page shows.
	longest = 2048
	// shortMost is the same for a value that stands in a line of facts, as a name of a target.
	shortMost = 60
	// keyMost is the same for the key of a role. LaunchDarkly's are never longer.
	keyMost = 256
)

// elide returns s with its middle cut out if it is longer than most bytes, at boundaries of
// characters, saying how much is missing.
func elide(s string, most int) string {
	if len(s) <= most {
		return s
	}
	head, tail := most/2, len(s)-most/2
	for head > 0 && !utf8.RuneStart(s[head]) && most/2-head < utf8.UTFMax {
		head--
	}
	for tail < len(s) && !utf8.RuneStart(s[tail]) && tail-(len(s)-most/2) < utf8.UTFMax {
		tail++
	}
	return fmt.Sprintf("%s … (%s left out) … %s", s[:head], count(tail-head, "byte"), s[tail:])
}

// elided returns v with every string in it elided; v itself stays as it is.
func elided[T any](v T, most int) T {
	in := reflect.ValueOf(&v).Elem()
	if !exceeds(in, most) {
		return v
	}
	return elideValue(in, most).Interface().(T)
}

// exceeds reports whether some string in v is longer than most.
func exceeds(v reflect.Value, most int) bool {
	switch v.Kind() {
	case reflect.String:
		return v.Len() > most
	case reflect.Pointer:
		return !v.IsNil() && exceeds(v.Elem(), most)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return false
		}
		for i := range v.Len() {
			if exceeds(v.Index(i), most) {
				return true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if exceeds(v.Field(i), most) {
				return true
			}
		}
	}
	return false
}

// elideValue copies v. What it does not look into (numbers, maps, raw JSON) is shared: none of it
// is drawn.
func elideValue(v reflect.Value, most int) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.String:
		out.SetString(elide(v.String(), most))
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(elideValue(v.Elem(), most))
		}
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			break
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(elideValue(v.Index(i), most))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(elideValue(v.Field(i), most))
		}
	}
	return out
}

// elideList returns the list with its middle left out if it is longer than most bytes together,
// and an element that says how many are missing. The elements are drawn already.
func elideList(list []string, most int) []string {
	total := 0
	for _, s := range list {
		total += len(s)
	}
	if total <= most || len(list) < 3 {
		return list
	}
	head, used := 0, 0
	for head < len(list)-2 && used+len(list[head]) <= most/2 {
		used += len(list[head])
		head++
	}
	tail := len(list)
	for used = 0; tail > head+1 && used+len(list[tail-1]) <= most/2; {
		tail--
		used += len(list[tail])
	}
	out := append([]string{}, list[:head]...)
	out = append(out, fmt.Sprintf("… %d more …", tail-head))
	return append(out, list[tail:]...)
}
