#!/bin/sh
# An echo node in POSIX shell, without any other program: it answers challenge 1.
#
# Maelstrom writes one JSON object a line, without spaces between its parts, so that they can be
# cut out with the shell's own patterns. That is enough for echo, and for nothing with deeper data.

message_id=0

# reply BODY: answer the message of the moment.
reply() {
    printf '{"src":"%s","dest":"%s","body":{"msg_id":%d,"in_reply_to":%d,%s}}\n' \
        "$dest" "$src" "$message_id" "$request_id" "$1"
    message_id=$((message_id + 1))
}

# after KEY TEXT: what stands in TEXT behind "KEY":
after() {
    rest=${2#*"\"$1\":"}
}

while IFS= read -r line; do
    after src "$line" && rest=${rest#\"} && src=${rest%%\"*}
    after dest "$line" && rest=${rest#\"} && dest=${rest%%\"*}
    after body "$line" && body=$rest
    after msg_id "$body" && request_id=${rest%%[!0-9]*}
    case $body in
    *'"type":"init"'*)
        echo "I am $dest" >&2
        reply '"type":"init_ok"'
        ;;
    *'"type":"echo"'*)
        after echo "$body" && rest=${rest#\"}
        reply "\"type\":\"echo_ok\",\"echo\":\"${rest%%\"*}\""
        ;;
    *)
        reply '"type":"error","code":10,"text":"I only know init and echo"'
        ;;
    esac
done
