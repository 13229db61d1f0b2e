package github

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// A comment of ours has three parts: a first line that says which one it is, the text, and a last
// line that says which run wrote it. Both lines are HTML comments, which GitHub does not show. The
// first line holds a digest and nothing that a user chose, so that it cannot be a prefix of another
// one, end early or need escaping. The last line is JSON by encoding/json, which writes ">" as
// \u003e, so that "-->" cannot stand in it.
const (
	markerHead = "<!-- rolewright:v1 id="
	metaHead   = "<!-- rolewright:meta "
	tail       = " -->"
	maxMeta    = 4 << 10 // of the last line, in bytes
)

// maxAhead is how far in the future a run may have begun that a comment names. What is further away
// was edited by hand, and would otherwise keep every later run from writing.
const maxAhead = time.Hour

// Order says which of two runs is the newer one. Of two workflow runs it is the one with the higher
// number, then attempt, then Seq: a run of an old commit that somebody starts again is later, but not
// newer. A run without a number, as by hand, is compared by Seq, when it began.
type Order struct {
	Seq          time.Time
	Run, Attempt int64
}

func (o Order) compare(other Order) int {
	began := o.Seq.Compare(other.Seq)
	if o.Run == 0 || other.Run == 0 {
		return cmp.Or(began, cmp.Compare(o.Run, other.Run))
	}
	return cmp.Or(cmp.Compare(o.Run, other.Run), cmp.Compare(o.Attempt, other.Attempt), began)
}

// meta is the last line. Its fields are for people and programs that look at the comment's source;
// only the order decides anything, and only in a comment that is ours.
type meta struct {
	State    string    `json:"state,omitempty"`
	PlanHash string    `json:"planHash,omitempty"`
	Head     string    `json:"head,omitempty"`
	Seq      time.Time `json:"seq"`
	Run      int64     `json:"run"`
	Attempt  int64     `json:"attempt"`
}

func (m meta) order() Order { return Order{Seq: m.Seq, Run: m.Run, Attempt: m.Attempt} }

// markerOf returns the first line of the comment with this identity. Each part is hashed with its
// length in front, so that no two identities share a marker by the way they are joined.
func markerOf(target, config, id string) string {
	sum := sha256.New()
	for _, part := range []string{target, config, id} {
		sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		sum.Write([]byte(part))
	}
	return markerHead + hex.EncodeToString(sum.Sum(nil))[:12] + tail
}

// compose returns a whole comment. GitHub stores valid UTF-8 only.
func compose(marker, text string, m meta) string {
	return marker + "\n" + strings.ToValidUTF8(strings.TrimRight(text, " \r\n\t"), "\ufffd") + "\n\n" + metaLine(m)
}

func metaLine(m meta) string {
	m.Seq = m.Seq.Round(0).UTC()
	data, err := json.Marshal(m)
	if err != nil { // a year beyond 9999: such a run counts as the oldest
		m.Seq = time.Time{}
		data, _ = json.Marshal(m)
	}
	return metaHead + string(data) + tail
}

// marked reports whether the whole first line of a comment is the marker.
func marked(body, marker string) bool {
	first, _, _ := strings.Cut(body, "\n")
	return strings.TrimSuffix(first, "\r") == marker
}

// orderOf returns the order that the last line of a comment names. A line that is missing, spoiled
// or ahead of its time makes the comment the oldest there is.
func orderOf(body string, now time.Time) Order {
	body = strings.TrimRight(body, " \r\n\t")
	line := body[strings.LastIndexByte(body, '\n')+1:]
	text, ok := strings.CutPrefix(line, metaHead)
	text, ended := strings.CutSuffix(text, tail)
	var m meta
	if !ok || !ended || len(line) > maxMeta || !utf8.ValidString(line) || json.Unmarshal([]byte(text), &m) != nil {
		return Order{}
	}
	if m.Seq.After(now.Add(maxAhead)) || m.Run < 0 || m.Attempt < 0 {
		return Order{}
	}
	return m.order()
}

// sameText compares two comments as GitHub may have stored them.
func sameText(a, b string) bool { return storedForm(a) == storedForm(b) }

func storedForm(body string) string {
	return strings.TrimRight(strings.ReplaceAll(body, "\r\n", "\n"), " \n\t")
}
