/// The shell scripts that are run on a remote host, in POSIX's own words: they are tried with dash, mksh and bash.
///
/// Each is sent as the standard input of `/bin/sh`, so the login shell sees nothing of it; when that input ends, the
/// connection is gone. Everything is in a function, so that the shell has read it all before it is run: some shells read
/// ahead and others do not.
enum RemoteScript {
    /// Kills every process that carries the mark in its environment, however it left its parents.
    ///
    /// Linux shows environments in `/proc`, the BSDs and macOS by `ps e`.
    private static let sweep = """
        sweep() {
            for round in 1 2 3 4 5; do
                if [ -r /proc/self/environ ]; then
                    found=$(grep -l -F "CISO_MARK=$mark" /proc/[0-9]*/environ 2>/dev/null | sed 's,/proc/,,; s,/environ,,')
                else
                    found=$(ps axeww -o pid= -o command= 2>/dev/null | grep "[C]ISO_MARK=$mark" | sed 's/^ *//; s/ .*//')
                fi
                [ -n "$found" ] || return 0
                kill -KILL $found 2>/dev/null
            done
        }

        """

    /// Makes the workspace, says `ready`, and removes it with all that runs in it once the connection ends. Before, it
    /// removes the workspaces whose keepers are no more: those of a connection that a reboot cut.
    ///
    /// - Parameter claims: directories anywhere on the host that are this workspace's alone: empty at first, removed at the
    ///   end. While another workspace lives, one that shares its directory is refused.
    static func keeper(directory: String, workspace: String, mark: String, claims: [String]) -> String {
        """
        main() {
        trap '' HUP PIPE TERM
        umask 022
        base=\(shellQuoted(directory)) work=\(shellQuoted(workspace)) mark=\(shellQuoted(mark))
        \(sweep)
        mkdir -p "$base" || exit 1
        for old in "$base"/ciso.*; do
            [ -f "$old/keeper" ] || continue
            read -r keeper < "$old/keeper"
            kill -0 "$keeper" 2>/dev/null || rm -rf "$old"
        done
        mkdir "$work" "$work/root" && echo $$ > "$work/keeper" || exit 1
        set -- \(claims.map(shellQuoted).joined(separator: " "))
        for claim do
            grep -l -x -F "$claim" "$base"/ciso.*/claims 2>/dev/null | grep -q . && {
                echo "$claim: another job has it" >&2
                rm -rf "$work"
                exit 1
            }
        done
        for claim do
            echo "$claim" >> "$work/claims"
            chmod -R u+rwx "$claim" 2>/dev/null
            rm -rf "$claim" && mkdir -p "$claim" || { rm -rf "$work"; exit 1; }
        done
        tar --version > /dev/null 2>&1 || command -v tar > /dev/null || { echo 'tar: not found' >&2; exit 1; }
        echo ready
        cat > /dev/null
        sweep
        chmod -R u+rwx "$work" "$@" 2>/dev/null
        rm -rf "$@" "$work"
        exit 0
        }
        main

        """
    }

    /// Runs a command as its own process, under a watch: what it prints goes to standard output, how it ended to
    /// standard error as a line `ciso: WORD NUMBER`.
    static func watchdog(_ command: Command, workspace: String, mark: String, number: Int) -> String {
        let limits = command.limits
        let variables = command.environment.merging(["CISO_MARK": mark]) { _, ours in ours }
            .sorted { $0.key < $1.key }.map { shellQuoted("\($0.key)=\($0.value)") }.joined(separator: " ")
        let words = command.program.words.map(shellQuoted).joined(separator: " ")
        return """
            main() {
            trap '' HUP PIPE TERM
            umask 022
            work=\(shellQuoted(workspace)) mark=\(shellQuoted(mark)) verdict=\(shellQuoted("\(workspace)/verdict.\(number)"))
            \(sweep)
            stop() { [ -f "$verdict" ] || echo "$1" > "$verdict"; kill -KILL "$child" 2>/dev/null; sweep; }
            bounded() { (ulimit "$1" "$2") 2>/dev/null && ulimit "$1" "$2"; }
            watch() {
                seconds=0
                while sleep 1; do
                    seconds=$((seconds + 1))
                    [ $seconds -lt \(seconds(limits.time)) ] || stop wall
                    [ $((seconds % 5)) -eq 0 ] || continue
                    used=$(du -sk "$work" 2>/dev/null | sed 's/[^0-9].*//')
                    [ "${used:-0}" -le \(limits.disk.map { $0 >> 10 } ?? 1 << 50) ] || stop disk
                done
            }
            exec 3<&0 < /dev/null
            (
                exec 3<&-
                cd \(shellQuoted(command.workingDirectory)) || exit 125
            \(bounds(limits))
                exec env -i \(variables) \(words)
            ) 2>&1 &
            child=$!
            watch 3<&- > /dev/null 2>&1 &
            watcher=$!
            { cat <&3; stop lost; } > /dev/null 2>&1 &
            reader=$!
            exec 3<&-
            wait "$child"
            status=$?
            kill -KILL "$watcher" 2>/dev/null
            sweep
            if [ -f "$verdict" ]; then read -r word < "$verdict"; else word=exit; fi
            echo "ciso: $word $status" >&2
            kill -KILL "$reader" 2>/dev/null
            exit 0
            }
            main

            """
    }

    /// What a shell can bound; letters differ between shells, and one that is not known is passed over.
    private static func bounds(_ limits: Limits) -> String {
        var lines: [String] = ["    bounded -c 0"]
        if let files = limits.openFiles { lines.append("    bounded -n \(files)") }
        if let memory = limits.memory { lines.append("    bounded -d \(memory >> 10)") }
        if let disk = limits.disk { lines.append("    bounded -f \(disk >> 9)") }
        if let processes = limits.processes {
            lines.append("    bounded -u \(processes) || bounded -p \(processes)")
        }
        return lines.joined(separator: "\n")
    }

    private static func seconds(_ duration: Duration?) -> Int64 {
        duration.map { max(1, $0.components.seconds) } ?? 1 << 40
    }
}
