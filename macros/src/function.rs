use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{AttrStyle, Attribute, Error, LitStr, Result, Signature, Token, Visibility};

use crate::context::{Context, Kind};
use crate::options::Options;
use crate::output::Output;
use crate::{arguments, attributes, lifetimes, valid};

/// A function, its body not looked into: that costs the compiler's time, and the compiler reports a
/// wrong body better.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Option<Body>,
}

pub(crate) struct Body(Group);

impl Function {
    /// Whether a function comes next.
    pub(crate) fn peek(input: ParseStream<'_>) -> bool {
        let ahead = input.fork();
        if Attribute::parse_outer(&ahead).is_err() || Visibility::parse(&ahead).is_err() {
            return false;
        }
        while ahead.peek(Token![const]) || ahead.peek(Token![async]) || ahead.peek(Token![unsafe]) {
            let _ =
                ahead.step(|cursor| Ok(((), cursor.token_tree().map_or(*cursor, |next| next.1))));
        }
        if ahead.peek(Token![extern]) && ahead.parse::<syn::Abi>().is_err() {
            return false;
        }
        ahead.peek(Token![fn])
    }

    pub(crate) fn is_async(&self) -> bool {
        self.sig.asyncness.is_some()
    }

    /// Decorates the function, beside the error that it may have.
    pub(crate) fn expand(
        mut self,
        options: &Options,
        context: &Context,
    ) -> (TokenStream, Option<Error>) {
        let error = valid::check_function(&mut self, options, context.kind).err();
        // A moved attribute has been checked where it was written.
        let error = error.filter(|_| options.context.is_none());
        let expanded = if options.offload.is_some() && error.is_none() {
            self.offload(options)
        } else if !self.is_async() {
            self.into_token_stream()
        } else if options.context.is_none() && attributes::has_macros(&self.attrs) {
            self.after_other_macros(options, context)
        } else {
            self.decorate(options, context)
        };
        (expanded, error)
    }

    /// Lets the other attribute macros see the `async fn` first, whatever the order they are in.
    ///
    /// Input:
    ///
    /// ```text
    /// #[instrument] async fn fetch() { .. }
    /// ```
    ///
    /// Output:
    ///
    /// ```text
    /// #[instrument] #[smartasync(OPTIONS, __site(alone))] async fn fetch() { .. }
    /// ```
    fn after_other_macros(mut self, options: &Options, context: &Context) -> TokenStream {
        let krate = options.krate(self.sig.ident.span());
        let moved = options.moved_to(context);
        self.attrs.push(syn::parse_quote!(#[#krate::smartasync(#moved)]));
        self.into_token_stream()
    }

    /// Makes of an `async fn` the function that returns its call.
    ///
    /// Input:
    ///
    /// ```text
    /// async fn fetch(&self, Point { x, y }: Point, mut tries: u32) -> T { BODY }
    /// ```
    ///
    /// Output:
    ///
    /// ```text
    /// fn fetch(&self, __arg1: Point, tries: u32) -> Call<impl Future<Output = T>> {
    ///     call::<T, _>("fetch", async move {
    ///         if let Some(__output) = None::<T> {
    ///             return __output;
    ///         }
    ///         let _ = &self;
    ///         let __arg1 = __arg1;
    ///         let Point { x, y } = __arg1;
    ///         let mut tries = tries;
    ///         { BODY }
    ///     })
    /// }
    /// ```
    ///
    /// The `if` tells what is returned: only its first `return` tells that of an `async` block.
    ///
    /// The `let`s are those of the compiler's own lowering of an `async fn`: they give arguments
    /// their drop order. The block around the body is of this crate's edition, 2024: it drops the
    /// temporaries of the body's last expression before them, in callers of any edition.
    fn decorate(self, options: &Options, context: &Context) -> TokenStream {
        let Function { attrs, vis, mut sig, body } = self;
        let span = Span::mixed_site().located_at(sig.ident.span());
        let name = LitStr::new(&sig.ident.unraw().to_string(), span);
        let output = Output::of(&sig, options, context.kind, span);
        sig.asyncness = None;
        if context.kind == Kind::Trait && body.is_some() && options.maybe_send.is_none() {
            arguments::require_send_receiver(&mut sig, &options.krate(span), span);
        }
        if options.boxed.is_some() {
            lifetimes::bound_by_future(&mut sig, &context.held);
        }
        let moves = body.is_some().then(|| arguments::move_into_future(&mut sig));
        sig.output = output.returned();
        let allowed = attributes::allowed(&attrs, body.as_ref(), options.boxed.is_some(), span);
        let Some(body) = body else {
            return quote!(#(#attrs)* #allowed #vis #sig;);
        };
        let (krate, ascribed) = (options.krate(span), &output.ascribed);
        let unreachable = output.never.then(|| quote_spanned!(span=> #[allow(unreachable_code)]));
        let future = quote_spanned! {span=>
            async move {
                if let #krate::__private::Some(__output) = #krate::__private::None::<#ascribed> {
                    #unreachable
                    return __output;
                }
                #moves
                #body
            }
        };
        let call = output.call(&name, &future);
        let called = on_bridge(options, span, &call);
        quote!(#(#attrs)* #allowed #vis #sig { #called })
    }
}

/// Chooses the bridge of a call. The expression is evaluated before the arguments move into the
/// future: it may name them.
fn on_bridge(options: &Options, span: Span, call: &TokenStream) -> TokenStream {
    let Some((_, bridge)) = &options.bridge else {
        return call.clone();
    };
    let krate = options.krate(span);
    quote_spanned! {span=>
        let __bridge = <#krate::Bridge as #krate::__private::Clone>::clone(&#bridge);
        let __call = { #call };
        #krate::Call::on(__call, &__bridge)
    }
}

impl Body {
    /// A body of any type, for a function that was to have one.
    pub(crate) fn endless() -> Body {
        Body(Group::new(Delimiter::Brace, quote!(loop {})))
    }

    pub(crate) fn empty() -> Body {
        Body(Group::new(Delimiter::Brace, TokenStream::new()))
    }

    /// Whether it has no statement that ends with a semicolon.
    pub(crate) fn may_be_one_expression(&self) -> bool {
        let is_semicolon = |token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';');
        !self.0.stream().into_iter().any(is_semicolon)
    }

    /// Moves the attributes within the braces out of them: a block within a body takes none.
    fn take_attributes(&mut self) -> Result<Vec<Attribute>> {
        let first = self.0.stream().into_iter().next();
        if !matches!(first, Some(TokenTree::Punct(first)) if first.as_char() == '#') {
            return Ok(Vec::new());
        }
        let parse = |input: ParseStream<'_>| Ok((Attribute::parse_inner(input)?, input.parse()?));
        let (inner, statements): (_, TokenStream) = parse.parse2(self.0.stream())?;
        let mut group = Group::new(Delimiter::Brace, statements);
        group.set_span(self.0.span());
        self.0 = group;
        let outer = |attr| Attribute { style: AttrStyle::Outer, ..attr };
        Ok(inner.into_iter().map(outer).collect())
    }
}

impl Function {
    /// Reads what is before the body.
    pub(crate) fn parse_head(input: ParseStream<'_>) -> Result<Function> {
        let attrs = Attribute::parse_outer(input)?;
        Ok(Function { attrs, vis: input.parse()?, sig: input.parse()?, body: None })
    }

    pub(crate) fn with_body(mut self, braces: Group) -> Result<Function> {
        let mut body = Body(braces);
        self.attrs.extend(body.take_attributes()?);
        self.body = Some(body);
        Ok(self)
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Function> {
        let function = Function::parse_head(input)?;
        if input.parse::<Option<Token![;]>>()?.is_some() {
            return Ok(function);
        }
        let body =
            braces(&input.parse()?).ok_or_else(|| input.error("expected a body in braces"))?;
        function.with_body(body)
    }
}

/// The braces that a token is. Those of a `$body:block` are in a group that cannot be seen.
pub(crate) fn braces(token: &TokenTree) -> Option<Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.clone()),
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            braces(&group.stream().into_iter().last()?)
        }
        _ => None,
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Function { attrs, vis, sig, body } = self;
        tokens.extend(quote!(#(#attrs)* #vis #sig));
        match body {
            Some(body) => body.to_tokens(tokens),
            None => tokens.extend(quote!(;)),
        }
    }
}

impl ToTokens for Body {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}
