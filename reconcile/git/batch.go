package git

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
)

// batch is a running "git cat-file --batch": a line with the name of an object goes in, the object
// comes out.
type batch struct {
	run   runner
	mu    sync.Mutex
	cmd   *exec.Cmd
	words *said
	in    io.WriteCloser
	out   *bufio.Reader
	err   error // once the conversation is broken it stays so
}

var errClosed = errors.New("the repository is closed")

// object is what git has under a name.
type object struct {
	missing  bool
	id, kind string
	size     int64
	data     []byte // nil if it is larger than what was asked for
}

func startBatch(run runner) (*batch, error) {
	b := &batch{run: run}
	b.cmd, b.words = run.command("cat-file", "--batch")
	in, noIn := b.cmd.StdinPipe()
	out, noOut := b.cmd.StdoutPipe()
	if err := errors.Join(noIn, noOut, b.cmd.Start()); err != nil {
		return nil, run.failed("cat-file", err, "")
	}
	b.in, b.out = in, bufio.NewReaderSize(out, 64<<10)
	return b, nil
}

// close ends the conversation.
func (b *batch) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return nil // it has ended, and whoever asked has been told
	}
	b.err = errClosed
	_ = b.in.Close() // git has nothing more to be told
	if err := b.cmd.Wait(); err != nil && b.run.ctx.Err() == nil {
		return b.run.failed("cat-file", err, b.words.String())
	}
	return nil
}

// object returns the object of that name, which is one line; its data only if it has no more than
// limit bytes.
func (b *batch) object(name string, limit int64) (object, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return object{}, b.err
	}
	o, err := b.ask(name, limit)
	if err != nil {
		b.err = b.broken(err)
		return object{}, b.err
	}
	return o, nil
}

// broken says why git did not answer. A pipe that ends says nothing: git itself has said why.
func (b *batch) broken(err error) error {
	_ = b.in.Close()
	if wait := b.cmd.Wait(); wait != nil {
		err = wait
	}
	return b.run.failed("cat-file", err, b.words.String())
}

func (b *batch) ask(name string, limit int64) (object, error) {
	if _, err := io.WriteString(b.in, name+"\n"); err != nil {
		return object{}, err
	}
	head, err := b.out.ReadString('\n')
	if err != nil {
		return object{}, err
	}
	head = strings.TrimSuffix(head, "\n")
	if rest, about := strings.CutPrefix(head, name+" "); about && (rest == "missing" || rest == "ambiguous") {
		return object{missing: true}, nil
	}
	o, err := parseHead(head)
	if err != nil {
		return object{}, err
	}
	return b.body(o, limit)
}

// parseHead reads "HASH KIND SIZE".
func parseHead(head string) (object, error) {
	fields := strings.Split(head, " ")
	if len(fields) == 3 && isHash(fields[0]) {
		size, err := strconv.ParseInt(fields[2], 10, 64)
		if err == nil && size >= 0 {
			return object{id: fields[0], kind: fields[1], size: size}, nil
		}
	}
	return object{}, fmt.Errorf("an answer that is not understood: %q", head)
}

// body reads the data and the line feed after it, or passes over what is too large to keep.
func (b *batch) body(o object, limit int64) (object, error) {
	if o.size > limit {
		_, err := io.CopyN(io.Discard, b.out, o.size+1)
		return o, err
	}
	data := make([]byte, o.size+1)
	if _, err := io.ReadFull(b.out, data); err != nil {
		return object{}, err
	}
	o.data = data[:o.size]
	return o, nil
}
