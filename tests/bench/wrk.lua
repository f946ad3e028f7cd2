-- Posts the bodies of a file, one a line, in turn: wrk … -s wrk.lua URL -- FILE KEY
local requests, turn = {}, 0

function init(args)
    local headers = {
        ["Authorization"] = "Bearer " .. args[2],
        ["Content-Type"] = "application/json",
    }
    for body in io.lines(args[1]) do
        requests[#requests + 1] = wrk.format("POST", "/v1/partner/jobs/bulk", headers, body)
    end
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end
