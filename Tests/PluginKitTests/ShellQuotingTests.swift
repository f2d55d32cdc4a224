import PluginKit
import Testing

@Suite struct ShellQuotingTests {
    @Test(arguments: [
        ("", "''"), ("plain-1.0_a/b:c,d=e@f%g+h", "plain-1.0_a/b:c,d=e@f%g+h"), ("a b", "'a b'"),
        ("it's", #"'it'\''s'"#),
        ("'", #"''\'''"#), ("$HOME", "'$HOME'"), ("~", "'~'"), ("a\nb", "'a\nb'"), ("é", "'é'"), ("\\", #"'\'"#),
        ("'\u{301}", "''\\''\u{301}'"),
    ]) func wordsAreQuoted(word: String, quoted: String) {
        #expect(shellQuoted(word) == quoted)
    }

    @Test func commandsAreWords() {
        #expect(shellQuoted(["make", "CC=gcc -m64", ""]) == "make 'CC=gcc -m64' ''")
    }
}
