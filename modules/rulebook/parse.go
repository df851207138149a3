package rulebook

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const maxFile = 128 << 10

const byteOrderMark = "\ufeff"

func parse(b []byte) (ast.Node, *Fault) {
	switch {
	case len(b) > maxFile:
		return nil, &Fault{Problem: fmt.Sprintf("is larger than %d bytes", maxFile)}
	case !utf8.Valid(b):
		return nil, &Fault{Problem: "is not UTF-8; save it as that"}
	}
	tokens := lexer.Tokenize(strings.TrimPrefix(string(b), byteOrderMark))
	if err := plain(tokens); err != nil {
		return nil, err
	}
	f, err := parser.Parse(tokens, 0)
	var syntax *yaml.SyntaxError
	switch {
	case errors.As(err, &syntax) && strings.Contains(syntax.GetMessage(), "'\t'"):
		return nil, &Fault{Line: syntax.GetToken().Position.Line, Problem: "has a tab; indent with spaces"}
	case errors.As(err, &syntax):
		return nil, &Fault{Line: syntax.GetToken().Position.Line, Problem: syntax.GetMessage()}
	case err != nil:
		return nil, &Fault{Problem: err.Error()}
	case len(f.Docs) != 1 || f.Docs[0].Body == nil:
		return nil, &Fault{Problem: "must hold one document, which begins with version: 0"}
	}
	return f.Docs[0].Body, nil
}

// plain refuses what the format does without before the parser sees it: it also
// keeps the parser from nesting deeply, where its time grows with the square.
func plain(tokens token.Tokens) *Fault {
	const deepest = 12
	open, run := 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType, token.DirectiveType:
			return &Fault{Line: t.Position.Line, Problem: "write it out: anchors, aliases, tags and directives are not read"}
		case token.SequenceStartType, token.MappingStartType:
			open++
		case token.SequenceEndType, token.MappingEndType:
			open--
		case token.SequenceEntryType, token.MappingKeyType:
			run++
		default:
			run = 0
		}
		if max(open, run) > deepest {
			return &Fault{Line: t.Position.Line, Problem: "nests too deeply"}
		}
	}
	return nil
}
