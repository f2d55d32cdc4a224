/// The shell scripts that are run on a remote host, in POSIX's own words: they are tried with dash, mksh and bash.
///
/// Each is sent as the standard input of `/bin/sh`, so the login shell sees nothing of it; when that input ends, the
/// connection is gone. Everything is in a function, so that the shell has read it all before it is run: some shells read
/// ahead and others do not. What a script has to say for itself is a line that begins with `ciso: `.
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
                    case $(uname) in Darwin) flags=axEww ;; *) flags=axeww ;; esac
                    found=$(ps $flags -o pid= -o command= 2>/dev/null | grep "[C]ISO_MARK=$mark" | sed 's/^ *//; s/ .*//')
                fi
                [ -n "$found" ] || return 0
                kill -KILL $found 2>/dev/null
            done
        }

        """

    /// Prints the KiB that are free where a file is; many where it cannot be told.
    static let free = """
        free() {
            df -Pk "$1" 2>/dev/null | awk 'NR > 1 && $4 ~ /^[0-9]+$/ { print $4; found = 1; exit } END { if (!found) print 1099511627776 }'
        }

        """

    /// Makes the workspace, says `ready` and the user's number, and removes it with all that runs in it once the connection
    /// ends or nothing is heard for too long. Before, it removes the workspaces whose keepers are no more: those of a
    /// connection that a reboot cut.
    ///
    /// - Parameter claims: directories anywhere on the host that are this workspace's alone: empty at first, removed at the
    ///   end. While another workspace lives, one that shares its directory is refused.
    static func keeper(_ host: RemoteHost, workspace: String, mark: String, claims: [String]) -> String {
        """
        main() {
        trap '' HUP PIPE TERM
        umask 022
        base=\(shellQuoted(host.directory)) work=\(shellQuoted(workspace)) mark=\(shellQuoted(mark))
        \(sweep)
        \(free)
        # A number alone may be another process's after a reboot.
        started() { echo "$(ps -o lstart= -p "$1" 2>/dev/null)" | sed 's/  */ /g; s/^ //; s/ $//'; }
        fail() { echo "ciso: $1" >&2; rm -rf "$work"; exit 1; }
        clean() {
            rm -f "$work/keeper"
            sweep
            chmod -R u+rwx "$work" "$@" 2>/dev/null
            rm -rf "$@" "$work" 2>/dev/null
        }
        mkdir -p "$base" 2>/dev/null || fail "$base: cannot be made"
        for old in "$base"/ciso.*; do
            [ -f "$old/keeper" ] || continue
            { read -r keeper; read -r began; } < "$old/keeper"
            kill -0 "$keeper" 2>/dev/null && [ "$(started "$keeper")" = "$began" ] && continue
            chmod -R u+rwx "$old" 2>/dev/null
            rm -rf "$old"
        done
        [ "$(free "$base")" -ge \(host.reserve >> 10) ] || rm -rf "$base/layers"
        [ "$(free "$base")" -ge \(host.reserve >> 10) ] || fail "$base: $(free "$base") KiB free, \(host.reserve >> 10) are needed"
        mkdir "$work" 2>/dev/null && mkdir "$work/inputs" && { echo $$; started $$; } > "$work/keeper" || fail "$base: cannot be written"
        command -v tar > /dev/null || fail 'tar: not found'
        set -- \(claims.map(shellQuoted).joined(separator: " "))
        for claim do echo "$claim" >> "$work/claims"; done
        for claim do
            grep -l -x -F "$claim" "$base"/ciso.*/claims 2>/dev/null | grep -v -F "$work/" | grep -q . &&
                fail "$claim: another job has it"
        done
        for claim do
            chmod -R u+rwx "$claim" 2>/dev/null
            rm -rf "$claim" 2>/dev/null
            mkdir -p "$claim" 2>/dev/null || fail "$claim: cannot be made"
        done
        echo start > "$work/beat"
        echo "ready $(id -u)"
        keeper=$$
        {
            last= missed=0
            while sleep \(max(1, host.client.patience / 4)); do
                beat=
                read -r beat < "$work/beat"
                if [ "$beat" = "$last" ]; then missed=$((missed + 1)); else missed=0 last=$beat; fi
                [ $missed -lt 5 ] && continue
                clean "$@"
                kill -KILL $keeper
                exit
            done
        } < /dev/null > /dev/null 2>&1 &
        watcher=$!
        while read -r beat; do echo "$beat" > "$work/beat"; done
        kill -KILL $watcher 2>/dev/null
        clean "$@"
        exit 0
        }
        main

        """
    }

    /// Runs a command as its own process, under a watch: what it prints goes to standard output, how it ended to
    /// standard error as a line `ciso: WORD NUMBER`. It says nothing where the workspace is gone.
    static func watchdog(
        _ command: Command, workspace: String, mark: String, number: Int, places: [String], reserve: Int
    ) -> String {
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
            \(free)
            [ -f "$work/keeper" ] || exit 1
            set -- "$work" \(places.map(shellQuoted).joined(separator: " "))
            stop() { [ -f "$verdict" ] || echo "$1" > "$verdict"; kill -KILL "$child" 2>/dev/null; sweep; }
            bounded() { (ulimit "$1" "$2") 2>/dev/null && ulimit "$1" "$2"; }
            watch() {
                seconds=0
                while sleep 1; do
                    seconds=$((seconds + 1))
                    [ $seconds -lt \(seconds(limits.time)) ] || stop wall
                    [ $((seconds % 5)) -eq 0 ] || continue
                    [ "$(free "$work")" -ge \(reserve >> 10) ] || stop full
                    used=$(du -sk "$@" 2>/dev/null | awk '{ sum += $1 } END { printf "%d", sum }')
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
            watch "$@" 3<&- > /dev/null 2>&1 &
            watcher=$!
            { cat <&3; stop lost; } > /dev/null 2>&1 &
            reader=$!
            exec 3<&-
            wait "$child"
            status=$?
            kill -KILL "$watcher" 2>/dev/null
            sweep
            word=exit
            [ $status -eq 0 ] || [ "$(free "$work")" -ge \(reserve >> 10) ] || word=full
            if [ -f "$verdict" ]; then read -r word < "$verdict"; fi
            [ -f "$work/keeper" ] && echo "ciso: $word $status" >&2
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
