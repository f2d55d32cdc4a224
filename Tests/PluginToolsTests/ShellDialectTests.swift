import PluginMessages
import PluginTools
import Testing

/// Unsupported constructs are found in code, and only there.
@Suite struct ShellDialectTests {
    @Test(arguments: [
        "[[ -d x ]]", "if [[ -d x ]]; then :; fi", "true && [[ x ]]", "! [[ x ]]", "x=1 source y", "source ./y",
        "a=(b c)",
        "a+=x", "echo ${a[0]}", #"echo "${a//b/c}""#, "echo ${a:1:2}", "echo ${a^^}", "cat <<< x", "ls &> x",
        "ls |& cat",
        "diff <(a) b", "printf $'x'", "function f { :; }", "echo -e x", "echo -en x", "set -o pipefail",
        "set -euo pipefail",
        "declare x", "let x=1", "(( x++ ))", "echo $RANDOM", "echo ${!x}", #"x="$([[ a ]] && echo b)""#,
        "x=$(source y)",
        "mapfile -t x", "pushd x", "printf %q x", "case x in a) [[ x ]] ;; esac", "for x in a; do [[ x ]]; done",
        "cat <<END\ntext\nEND\n[[ x ]]", "echo a # comment\n[[ x ]]", #"echo "it's"; [[ x ]]"#,
        #"[ "$a" == b ]"#, "if test x == y; then :; fi", "[ -v HOME ]", "type -P sh", "for i in {1..3}; do :; done",
        "printf -v x %s y", "read -r -d '' x", "read -n 1 x", "read -p ok x", "trap 'exit 1' ERR",
        #"x="$(< /etc/passwd)""#, "echo $BASH_SOURCE", "echo ${PIPESTATUS}", "exec 3<>/dev/tcp/localhost/1", "wait -n",
    ])
    func bashIsFoundInPOSIX(script: String) {
        #expect(!ShellDialect.problems(in: script, for: .posix).isEmpty)
        #expect(ShellDialect.problems(in: script, for: .bash).isEmpty)
    }

    @Test(arguments: [
        "echo '[[ x ]]'", #"echo "[[ x ]]""#, "# source x", "cat <<END\n[[ x ]]\nsource y\nEND\n",
        "cat <<'END'\n$'x'\nEND\n",
        "echo source", "resource x", "ls >x 2>&1", "ls & wait", "x=$(ls)", "x=$((1 + 2))", "echo $((1 << 4))\necho x",
        "echo ${x:-y} ${x:+y} ${x#y} ${x%y} ${#x}", "[ a = b ] && echo c", "grep 'a$' x", "printf '%s\\n' x",
        "f() { :; }",
        "echo - e", "case x in a|b) ls ;; esac", "x=a=b", "sed -e 's/(/[/' x", #"echo "\${x//a}""#, "local x",
        "set -eu",
        "cat <<-END\n\t[[ x ]]\n\tEND\n", "echo \"$(ls \"a b\")\"", ". ./x", "test -d x || exit 1", "a=b c=d ls",
        "[ a = b ]", "sed -n p x", "awk '{1..3}'", "echo '{1..3}'", "type sh", "trap 'x' EXIT", "read -r x", "wait 1",
        "echo {a,b}..c",
    ])
    func posixConstructsAreAccepted(script: String) {
        #expect(ShellDialect.problems(in: script, for: .posix) == [])
    }

    /// Korn shells have some of it.
    @Test func familiesDiffer() {
        for script in ["[[ x ]]", "a=(b)", "typeset x", "function f { :; }"] {
            #expect(ShellDialect.problems(in: script, for: .korn) == [], "\(script)")
        }
        for script in ["source x", "ls &> x", "cat <<< x", "echo ${x//a}"] {
            #expect(!ShellDialect.problems(in: script, for: .korn).isEmpty, "\(script)")
        }
    }

    @Test func theLineIsReported() {
        let problems = ShellDialect.problems(in: "true\ncat <<END\na\nEND\nif true; then\n  [[ x ]]\nfi\n", for: .posix)
        #expect(problems.first?.hasPrefix("line 6: '[['") == true, "\(problems)")
    }
}
